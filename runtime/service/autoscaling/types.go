package autoscaling

import "time"

// CreateRequest makes a group.
type CreateRequest struct {
	Name                    string          `json:"AutoScalingGroupName"`
	MinSize                 *int            `json:"MinSize"`
	MaxSize                 *int            `json:"MaxSize"`
	DesiredCapacity         *int            `json:"DesiredCapacity,omitempty"`
	DefaultCooldown         *int            `json:"DefaultCooldown,omitempty"`
	AvailabilityZones       []string        `json:"AvailabilityZones,omitempty"`
	VPCZoneIdentifier       string          `json:"VPCZoneIdentifier,omitempty"`
	LaunchConfigurationName string          `json:"LaunchConfigurationName,omitempty"`
	LaunchTemplate          *LaunchTemplate `json:"LaunchTemplate,omitempty"`
	HealthCheckType         string          `json:"HealthCheckType,omitempty"`
	HealthCheckGracePeriod  int             `json:"HealthCheckGracePeriod,omitempty"`
	Tags                    []Tag           `json:"Tags,omitempty"`
}

// LaunchTemplate names what instances would be started from.
type LaunchTemplate struct {
	LaunchTemplateID   string `json:"LaunchTemplateId,omitempty"`
	LaunchTemplateName string `json:"LaunchTemplateName,omitempty"`
	Version            string `json:"Version,omitempty"`
}

// Tag is one label of a group.
type Tag struct {
	ResourceID        string `json:"ResourceId,omitempty"`
	ResourceType      string `json:"ResourceType,omitempty"`
	Key               string `json:"Key"`
	Value             string `json:"Value"`
	PropagateAtLaunch bool   `json:"PropagateAtLaunch"`
}

// UpdateRequest changes what it names and leaves the rest.
type UpdateRequest struct {
	Name                    string          `json:"AutoScalingGroupName"`
	MinSize                 *int            `json:"MinSize,omitempty"`
	MaxSize                 *int            `json:"MaxSize,omitempty"`
	DesiredCapacity         *int            `json:"DesiredCapacity,omitempty"`
	DefaultCooldown         *int            `json:"DefaultCooldown,omitempty"`
	AvailabilityZones       []string        `json:"AvailabilityZones,omitempty"`
	VPCZoneIdentifier       string          `json:"VPCZoneIdentifier,omitempty"`
	LaunchConfigurationName string          `json:"LaunchConfigurationName,omitempty"`
	LaunchTemplate          *LaunchTemplate `json:"LaunchTemplate,omitempty"`
	HealthCheckType         string          `json:"HealthCheckType,omitempty"`
	HealthCheckGracePeriod  *int            `json:"HealthCheckGracePeriod,omitempty"`
}

// DeleteRequest removes a group.
type DeleteRequest struct {
	Name        string `json:"AutoScalingGroupName"`
	ForceDelete bool   `json:"ForceDelete,omitempty"`
}

// DescribeRequest asks for groups, all if it names none.
type DescribeRequest struct {
	Names      []string `json:"AutoScalingGroupNames,omitempty"`
	NextToken  string   `json:"NextToken,omitempty"`
	MaxRecords int      `json:"MaxRecords,omitempty"`
}

// DescribeResponse is a page of groups.
type DescribeResponse struct {
	Groups    []Group `json:"AutoScalingGroups"`
	NextToken string  `json:"NextToken,omitempty"`
}

// Group is a group as it is described.
type Group struct {
	Name                    string          `json:"AutoScalingGroupName"`
	ARN                     string          `json:"AutoScalingGroupARN"`
	LaunchConfigurationName string          `json:"LaunchConfigurationName,omitempty"`
	LaunchTemplate          *LaunchTemplate `json:"LaunchTemplate,omitempty"`
	MinSize                 int             `json:"MinSize"`
	MaxSize                 int             `json:"MaxSize"`
	DesiredCapacity         int             `json:"DesiredCapacity"`
	DefaultCooldown         int             `json:"DefaultCooldown"`
	AvailabilityZones       []string        `json:"AvailabilityZones"`
	HealthCheckType         string          `json:"HealthCheckType"`
	HealthCheckGracePeriod  int             `json:"HealthCheckGracePeriod"`
	Instances               []Instance      `json:"Instances"`
	CreatedTime             time.Time       `json:"CreatedTime"`
	VPCZoneIdentifier       string          `json:"VPCZoneIdentifier,omitempty"`
	Tags                    []Tag           `json:"Tags"`
}

// Instance is one of a group.
type Instance struct {
	InstanceID           string `json:"InstanceId"`
	AvailabilityZone     string `json:"AvailabilityZone"`
	LifecycleState       string `json:"LifecycleState"`
	HealthStatus         string `json:"HealthStatus"`
	ProtectedFromScaleIn bool   `json:"ProtectedFromScaleIn"`
}

// SetDesiredCapacityRequest sets a group's capacity.
type SetDesiredCapacityRequest struct {
	Name            string `json:"AutoScalingGroupName"`
	DesiredCapacity *int   `json:"DesiredCapacity"`
	HonorCooldown   bool   `json:"HonorCooldown,omitempty"`
}

// PutPolicyRequest makes or replaces a policy.
type PutPolicyRequest struct {
	Group                   string `json:"AutoScalingGroupName"`
	Name                    string `json:"PolicyName"`
	PolicyType              string `json:"PolicyType,omitempty"`
	AdjustmentType          string `json:"AdjustmentType,omitempty"`
	MinAdjustmentMagnitude  *int   `json:"MinAdjustmentMagnitude,omitempty"`
	ScalingAdjustment       *int   `json:"ScalingAdjustment,omitempty"`
	Cooldown                *int   `json:"Cooldown,omitempty"`
	MetricAggregationType   string `json:"MetricAggregationType,omitempty"`
	StepAdjustments         []Step `json:"StepAdjustments,omitempty"`
	EstimatedInstanceWarmup *int   `json:"EstimatedInstanceWarmup,omitempty"`
	Enabled                 *bool  `json:"Enabled,omitempty"`
}

// Step is what a step policy does while the metric is that far from its threshold.
type Step struct {
	Lower             *float64 `json:"MetricIntervalLowerBound,omitempty"`
	Upper             *float64 `json:"MetricIntervalUpperBound,omitempty"`
	ScalingAdjustment int      `json:"ScalingAdjustment"`
}

// PutPolicyResponse names the policy.
type PutPolicyResponse struct {
	PolicyARN string  `json:"PolicyARN"`
	Alarms    []Alarm `json:"Alarms"`
}

// Alarm is one that a policy would belong to; there are none here.
type Alarm struct {
	AlarmName string `json:"AlarmName"`
	AlarmARN  string `json:"AlarmARN"`
}

// DeletePolicyRequest removes a policy.
type DeletePolicyRequest struct {
	Group string `json:"AutoScalingGroupName,omitempty"`
	Name  string `json:"PolicyName"`
}

// DescribePoliciesRequest asks for policies, all if it names none.
type DescribePoliciesRequest struct {
	Group     string   `json:"AutoScalingGroupName,omitempty"`
	Names     []string `json:"PolicyNames,omitempty"`
	Types     []string `json:"PolicyTypes,omitempty"`
	NextToken string   `json:"NextToken,omitempty"`
	Max       int      `json:"MaxRecords,omitempty"`
}

// DescribePoliciesResponse is a page of policies.
type DescribePoliciesResponse struct {
	Policies  []Policy `json:"ScalingPolicies"`
	NextToken string   `json:"NextToken,omitempty"`
}

// Policy is a policy as it is described.
type Policy struct {
	Group                   string  `json:"AutoScalingGroupName"`
	Name                    string  `json:"PolicyName"`
	ARN                     string  `json:"PolicyARN"`
	PolicyType              string  `json:"PolicyType"`
	AdjustmentType          string  `json:"AdjustmentType"`
	MinAdjustmentMagnitude  *int    `json:"MinAdjustmentMagnitude,omitempty"`
	ScalingAdjustment       *int    `json:"ScalingAdjustment,omitempty"`
	Cooldown                *int    `json:"Cooldown,omitempty"`
	StepAdjustments         []Step  `json:"StepAdjustments"`
	MetricAggregationType   string  `json:"MetricAggregationType,omitempty"`
	EstimatedInstanceWarmup *int    `json:"EstimatedInstanceWarmup,omitempty"`
	Alarms                  []Alarm `json:"Alarms"`
	Enabled                 bool    `json:"Enabled"`
}

// ExecutePolicyRequest runs a policy once. A step policy needs metric and threshold.
type ExecutePolicyRequest struct {
	Group           string   `json:"AutoScalingGroupName,omitempty"`
	Name            string   `json:"PolicyName"`
	HonorCooldown   bool     `json:"HonorCooldown,omitempty"`
	MetricValue     *float64 `json:"MetricValue,omitempty"`
	BreachThreshold *float64 `json:"BreachThreshold,omitempty"`
}

// DescribeActivitiesRequest asks what happened, newest first.
type DescribeActivitiesRequest struct {
	ActivityIDs []string `json:"ActivityIds,omitempty"`
	Group       string   `json:"AutoScalingGroupName,omitempty"`
	MaxRecords  int      `json:"MaxRecords,omitempty"`
	NextToken   string   `json:"NextToken,omitempty"`
}

// DescribeActivitiesResponse is a page of activities.
type DescribeActivitiesResponse struct {
	Activities []Activity `json:"Activities"`
	NextToken  string     `json:"NextToken,omitempty"`
}

// Activity is one instance that came or went.
type Activity struct {
	ActivityID  string    `json:"ActivityId"`
	Group       string    `json:"AutoScalingGroupName"`
	Description string    `json:"Description"`
	Cause       string    `json:"Cause"`
	StartTime   time.Time `json:"StartTime"`
	EndTime     time.Time `json:"EndTime"`
	StatusCode  string    `json:"StatusCode"`
	Progress    int       `json:"Progress"`
	Details     string    `json:"Details"`
	GroupARN    string    `json:"AutoScalingGroupARN"`
}
