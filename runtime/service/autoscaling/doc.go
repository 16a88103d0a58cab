// Package autoscaling is a local Amazon EC2 Auto Scaling: groups with a capacity, the
// policies that change it, and the activities that tell what happened, in the store.
//
// What it does: create, describe, update and delete groups; SetDesiredCapacity within
// the group's bounds and, if asked, its cooldown; simple and step scaling policies, run
// by ExecutePolicy; one activity per instance that comes or goes.
//
// What it does not: the instances are entries of their group, in service at once; no
// machine runs and the local EC2 does not list them. Target tracking and predictive
// policies are refused, because nothing here measures; schedules, lifecycle hooks, health
// checks, warm pools and instance refresh are not there. Launch templates and the like
// are kept as they were given and mean nothing. A group has at most 1,000 instances.
//
// A group named by a target in mode local is made when it is missing (Caller.Create),
// with room for 0 to 100 instances and none of them running.
package autoscaling
