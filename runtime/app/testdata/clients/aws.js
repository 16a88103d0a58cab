// The AWS SDK for JavaScript: one line of JSON for each call, as the test expects it.
const cw = require('@aws-sdk/client-cloudwatch');
const logs = require('@aws-sdk/client-cloudwatch-logs');
const eb = require('@aws-sdk/client-eventbridge');
const xray = require('@aws-sdk/client-xray');

const config = {
  endpoint: process.env.ENDPOINT, region: 'us-east-1', maxAttempts: 1,
  credentials: {accessKeyId: 'AK', secretAccessKey: 'secret'},
};
const now = new Date();

// call prints what show takes from the answer, or the error's name.
async function call(name, client, command, show = () => ({})) {
  try {
    console.log(JSON.stringify({call: name, ...show(await client.send(command))}));
  } catch (e) {
    console.log(JSON.stringify({call: name, error: e.name}));
  }
}

async function metrics() {
  const c = new cw.CloudWatchClient(config);
  await call('PutMetricData', c, new cw.PutMetricDataCommand({Namespace: 'shop', MetricData: [
    {MetricName: 'latency', Value: 12.5, Unit: 'Milliseconds', Dimensions: [{Name: 'route', Value: '/pay'}], Timestamp: now},
    {MetricName: 'size', StatisticValues: {SampleCount: 2, Sum: 30, Minimum: 10, Maximum: 20}},
    {MetricName: 'spread', Values: [1, 2], Counts: [3, 4], StorageResolution: 1},
  ]}));
  await call('PutMetricData', c, new cw.PutMetricDataCommand({Namespace: 'AWS/EC2', MetricData: [{MetricName: 'x', Value: 1}]}));
  await call('PutMetricData', new cw.CloudWatchClient({...config, credentials: {accessKeyId: 'AK', secretAccessKey: 'guess'}}),
    new cw.PutMetricDataCommand({Namespace: 'shop', MetricData: [{MetricName: 'x', Value: 1}]}));
}

async function logGroups() {
  const c = new logs.CloudWatchLogsClient(config);
  const group = {logGroupName: '/shop/web'}, stream = {...group, logStreamName: 'web-1'};
  await call('CreateLogGroup', c, new logs.CreateLogGroupCommand(group));
  await call('CreateLogGroup', c, new logs.CreateLogGroupCommand(group));
  await call('PutRetentionPolicy', c, new logs.PutRetentionPolicyCommand({...group, retentionInDays: 7}));
  await call('CreateLogStream', c, new logs.CreateLogStreamCommand(stream));
  await call('PutLogEvents', c, new logs.PutLogEventsCommand({...stream, logEvents: [
    {timestamp: now.getTime(), message: 'GET / 200'}, {timestamp: now.getTime(), message: '{"status":500}'}]}), r => ({rejected: r.rejectedLogEventsInfo ?? null}));
  await call('PutLogEvents', c, new logs.PutLogEventsCommand({...stream, logEvents: [{timestamp: 1, message: 'old'}]}), r => ({rejected: r.rejectedLogEventsInfo ?? null}));
  await call('DescribeLogGroups', c, new logs.DescribeLogGroupsCommand({logGroupNamePrefix: '/shop'}), r => ({groups: r.logGroups.map(g => [g.logGroupName, g.retentionInDays])}));
  await call('DescribeLogStreams', c, new logs.DescribeLogStreamsCommand(group), r => ({streams: r.logStreams.map(s => s.logStreamName)}));
}

async function events() {
  const c = new eb.EventBridgeClient(config);
  await call('PutEvents', c, new eb.PutEventsCommand({Entries: [
    {Source: 'shop', DetailType: 'Order', Detail: '{"amount":1250}', Time: now}, {Source: 'shop', DetailType: 'Order', Detail: 'no'}]}),
  r => ({failed: r.FailedEntryCount, code: r.Entries[1].ErrorCode}));
}

async function traces() {
  const c = new xray.XRayClient(config);
  const at = now.getTime() / 1000;
  const segment = {name: 'shop', id: '70de5b6f19ff9a0a', trace_id: `1-${Math.floor(at).toString(16)}-a006649127e371903a2de979`, start_time: at, end_time: at + 0.1};
  await call('PutTraceSegments', c, new xray.PutTraceSegmentsCommand({TraceSegmentDocuments: [JSON.stringify(segment), '{"id":"x"}']}),
    r => ({unprocessed: r.UnprocessedTraceSegments.length}));
  await call('GetSamplingRules', c, new xray.GetSamplingRulesCommand({}), r => ({rules: r.SamplingRuleRecords.map(s => s.SamplingRule.RuleName)}));
  await call('GetSamplingTargets', c, new xray.GetSamplingTargetsCommand({SamplingStatisticsDocuments: [
    {RuleName: 'Default', ClientID: '0123456789abcdef01234567', Timestamp: now, RequestCount: 10, SampledCount: 1, BorrowCount: 0}]}),
  r => ({targets: r.SamplingTargetDocuments.map(d => d.RuleName)}));
  await call('PutTelemetryRecords', c, new xray.PutTelemetryRecordsCommand({TelemetryRecords: [{Timestamp: now, SegmentsReceivedCount: 1}]}));
}

metrics().then(logGroups).then(events).then(traces);
