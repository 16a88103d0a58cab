// OpenTelemetry's SDK and exporters: a span, a metric of each kind and a log record, all in
// protobuf (ENCODING=proto) or JSON (ENCODING=http).
const {SeverityNumber} = require('@opentelemetry/api-logs');
const {diag, trace, SpanKind, SpanStatusCode, context} = require('@opentelemetry/api');
const {resourceFromAttributes} = require('@opentelemetry/resources');
const {LoggerProvider, SimpleLogRecordProcessor} = require('@opentelemetry/sdk-logs');
const {AggregationTemporality, MeterProvider, PeriodicExportingMetricReader} = require('@opentelemetry/sdk-metrics');
const {BasicTracerProvider, SimpleSpanProcessor} = require('@opentelemetry/sdk-trace-base');

const encoding = process.env.ENCODING;
const exporter = signal => require(`@opentelemetry/exporter-${signal}-otlp-${encoding}`);
const resource = resourceFromAttributes({'service.name': 'checkout', 'host.name': 'web-1'});
const complain = (...args) => console.log(JSON.stringify({said: args.join(' ')}));
diag.setLogger({error: complain, warn: complain, info() {}, debug() {}, verbose() {}});

async function traces() {
  const provider = new BasicTracerProvider({resource, spanProcessors: [new SimpleSpanProcessor(new (exporter('trace').OTLPTraceExporter)())]});
  const tracer = provider.getTracer('test', '1.0');
  const server = tracer.startSpan('POST /pay', {kind: SpanKind.SERVER, attributes: {'http.request.method': 'POST', 'http.response.status_code': 503}});
  const client = tracer.startSpan('charge', {kind: SpanKind.CLIENT, attributes: {'server.address': 'bank.example'}}, trace.setSpan(context.active(), server));
  client.recordException(new Error('declined'));
  client.setStatus({code: SpanStatusCode.ERROR, message: 'declined'});
  client.end();
  server.end();
  await provider.shutdown();
}

async function metrics() {
  const temporalityPreference = AggregationTemporality.CUMULATIVE; // the SDK's default
  const reader = new PeriodicExportingMetricReader({exporter: new (exporter('metrics').OTLPMetricExporter)({temporalityPreference}), exportIntervalMillis: 3600_000});
  const provider = new MeterProvider({resource, readers: [reader]});
  const meter = provider.getMeter('test');
  const orders = meter.createCounter('orders', {unit: '{order}'});
  orders.add(3, {route: '/pay'});
  meter.createUpDownCounter('open').add(-2);
  meter.createHistogram('duration', {unit: 'ms'}).record(12);
  meter.createObservableGauge('temperature').addCallback(r => r.observe(21.5));
  await provider.forceFlush();
  orders.add(4, {route: '/pay'});
  await provider.shutdown();
}

async function logs() {
  const provider = new LoggerProvider({resource, processors: [new SimpleLogRecordProcessor(new (exporter('logs').OTLPLogExporter)())]});
  provider.getLogger('test').emit({severityNumber: SeverityNumber.ERROR, severityText: 'ERROR', body: 'card declined', attributes: {order: 7}});
  await provider.shutdown();
}

traces().then(metrics).then(logs);
