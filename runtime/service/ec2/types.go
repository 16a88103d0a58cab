package ec2

import "time"

// RunRequest registers instances.
type RunRequest struct {
	ImageID           string             `json:"ImageId,omitempty"`
	InstanceType      string             `json:"InstanceType,omitempty"`
	KeyName           string             `json:"KeyName,omitempty"`
	MinCount          int                `json:"MinCount"`
	MaxCount          int                `json:"MaxCount"`
	TagSpecifications []TagSpecification `json:"TagSpecifications,omitempty" query:"TagSpecification"`
	Placement         *Placement         `json:"Placement,omitempty"`
	DryRun            bool               `json:"DryRun,omitempty"`
}

// TagSpecification gives tags to what is made.
type TagSpecification struct {
	ResourceType string `json:"ResourceType"`
	Tags         []Tag  `json:"Tags" query:"Tag"`
}

// Tag is one label of an instance.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// Placement is where an instance is.
type Placement struct {
	AvailabilityZone string `json:"AvailabilityZone,omitempty"`
}

// Reservation is instances that were run together.
type Reservation struct {
	ReservationID string     `json:"ReservationId"`
	OwnerID       string     `json:"OwnerId"`
	Groups        []struct{} `json:"Groups" query:"groupSet"`
	Instances     []Instance `json:"Instances" query:"instancesSet"`
}

// Instance is an instance as it is described.
type Instance struct {
	InstanceID            string       `json:"InstanceId"`
	ImageID               string       `json:"ImageId"`
	State                 State        `json:"State" query:"instanceState"`
	StateTransitionReason string       `json:"StateTransitionReason" query:"reason"`
	StateReason           *StateReason `json:"StateReason,omitempty"`
	KeyName               string       `json:"KeyName,omitempty"`
	AMILaunchIndex        int          `json:"AmiLaunchIndex"`
	InstanceType          string       `json:"InstanceType"`
	LaunchTime            time.Time    `json:"LaunchTime"`
	Placement             Placement    `json:"Placement"`
	Tags                  []Tag        `json:"Tags" query:"tagSet"`
}

// State is a state's number and name.
type State struct {
	Code int    `json:"Code"`
	Name string `json:"Name"`
}

// StateReason is why an instance is not running.
type StateReason struct {
	Code    string `json:"Code"`
	Message string `json:"Message"`
}

// DescribeRequest asks for instances, all if it names none.
type DescribeRequest struct {
	InstanceIDs []string `json:"InstanceIds,omitempty" query:"InstanceId"`
	Filters     []Filter `json:"Filters,omitempty" query:"Filter"`
	MaxResults  int      `json:"MaxResults,omitempty"`
	NextToken   string   `json:"NextToken,omitempty"`
	DryRun      bool     `json:"DryRun,omitempty"`
}

// Filter keeps instances that have one of the values; * and ? are wildcards.
type Filter struct {
	Name   string   `json:"Name"`
	Values []string `json:"Values" query:"Value"`
}

// DescribeResponse is a page of instances.
type DescribeResponse struct {
	Reservations []Reservation `json:"Reservations" query:"reservationSet"`
	NextToken    string        `json:"NextToken,omitempty"`
}

// StatusRequest asks how instances are.
type StatusRequest struct {
	InstanceIDs         []string `json:"InstanceIds,omitempty" query:"InstanceId"`
	Filters             []Filter `json:"Filters,omitempty" query:"Filter"`
	IncludeAllInstances bool     `json:"IncludeAllInstances,omitempty"`
	MaxResults          int      `json:"MaxResults,omitempty"`
	NextToken           string   `json:"NextToken,omitempty"`
	DryRun              bool     `json:"DryRun,omitempty"`
}

// StatusResponse is a page of statuses.
type StatusResponse struct {
	Statuses  []Status `json:"InstanceStatuses" query:"instanceStatusSet"`
	NextToken string   `json:"NextToken,omitempty"`
}

// Status is how one instance is.
type Status struct {
	InstanceID       string  `json:"InstanceId"`
	AvailabilityZone string  `json:"AvailabilityZone"`
	InstanceState    State   `json:"InstanceState"`
	InstanceStatus   Summary `json:"InstanceStatus"`
	SystemStatus     Summary `json:"SystemStatus"`
}

// Summary is "ok" or "not-applicable".
type Summary struct {
	Status string `json:"Status"`
}

// InstancesRequest is a call that takes instance ids.
type InstancesRequest struct {
	InstanceIDs []string `json:"InstanceIds" query:"InstanceId"`
	Force       bool     `json:"Force,omitempty"`
	Hibernate   bool     `json:"Hibernate,omitempty"`
	DryRun      bool     `json:"DryRun,omitempty"`
}

// Change is what became of an instance.
type Change struct {
	InstanceID    string `json:"InstanceId"`
	CurrentState  State  `json:"CurrentState"`
	PreviousState State  `json:"PreviousState"`
}

// StopResponse answers StopInstances.
type StopResponse struct {
	Instances []Change `json:"StoppingInstances" query:"instancesSet"`
}

// StartResponse answers StartInstances.
type StartResponse struct {
	Instances []Change `json:"StartingInstances" query:"instancesSet"`
}

// TerminateResponse answers TerminateInstances.
type TerminateResponse struct {
	Instances []Change `json:"TerminatingInstances" query:"instancesSet"`
}

// RebootResponse answers RebootInstances.
type RebootResponse struct {
	Return bool `json:"Return" query:"return"`
}
