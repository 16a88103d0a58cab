// The X-Ray SDK for Node: a request with a call in it, sent to the daemon over UDP.
const AWSXRay = require('aws-xray-sdk-core');

AWSXRay.enableManualMode();
const segment = new AWSXRay.Segment('shop');
segment.addAnnotation('tenant', 'a');
const sub = segment.addNewSubsegment('bank');
sub.namespace = 'remote';
sub.addError(new Error('declined'));
sub.close();
segment.close();
