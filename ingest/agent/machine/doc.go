// Package machine measures the machine it runs on: CPU, memory, swap, disks, network,
// connections and processes, as the unified CloudWatch agent does, under its metric
// names, units and dimensions, so that its dashboards and alarms go on working.
//
// A Collector is one plugin of the agent's configuration. It keeps the last readings
// where a metric is a difference (usage of a CPU, bytes of a disk): its first collection
// gives none of those. What it asks of the operating system are the functions of
// Readings; Local has those of this machine, tests have their own.
package machine
