// Package ec2 is a local register of Amazon EC2 instances: ids with a state, in the
// store, so that targets that stop, start, reboot or terminate have something to act on
// and a person can read what they did.
//
// What it does: RunInstances, DescribeInstances with the filters on state, id, type,
// image and tags, DescribeInstanceStatus, StartInstances, StopInstances, RebootInstances
// and TerminateInstances with the service's errors for states that do not allow it.
//
// What it does not: no machine runs; there are no images, networks, volumes, addresses
// or key pairs, and whatever of them a request names is not kept. Transitions happen at
// once: the answer says "stopping", the next look "stopped". A reboot shows as the tag
// tocsin:rebooted with its time. A terminated instance is listed for an hour.
//
// An instance id named by a target in mode local that is not there is registered first,
// as running (Caller.Create).
package ec2
