// Package statsd reads StatsD lines and sums them up over an interval, as the CloudWatch
// agent does (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-custom-metrics-statsd.html).
//
//	name[,tag=value…]:value[:value…]|type[|@rate][|#tag:value,tag…]
//
// Types are c (counter), g (gauge), ms (timer), h and d (histogram) and s (set). An
// interval gives one datum a metric: a counter its sum, divided by the sample rate; a gauge its
// last value; a set how many different members it had; a timer or histogram its
// statistics, and its values with their counts. As the agent does it, dots in names become
// "_" and the dimension metric_type says counter, gauge, timing, histogram or set.
//
// Two deviations from the agent: a gauge is remembered beyond its interval, so that "+1"
// and "-1" mean what their sender thinks; and a line that is malformed in one part is
// refused whole, where the agent drops its sample rate and counts wrongly.
package statsd
