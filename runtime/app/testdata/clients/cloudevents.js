// The CloudEvents SDK: one event in each mode.
const {CloudEvent, HTTP, emitterFor, httpTransport, Mode} = require('cloudevents');

const event = new CloudEvent({id: 'A-1', source: '/shop', type: 'placed', subject: 'order/1', data: {amount: 1250}, tenant: 'a'});

async function send(mode, e) {
  const answer = await emitterFor(httpTransport(process.env.ENDPOINT + '/cloudevents'), {mode})(e);
  console.log(JSON.stringify({mode, body: answer.body}));
}

send(Mode.BINARY, event)
  .then(() => send(Mode.STRUCTURED, event.cloneWith({id: 'A-2'})));
