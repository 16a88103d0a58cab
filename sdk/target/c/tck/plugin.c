// Plugin tck is the target that the conformance kit asks of every SDK (sdk/abi/tck).
#include "tocsin.h"

static const char *greeting;
static int times, state;

static void say(tocsin_text text) {
  tocsin_object line = {0};
  tocsin_add(&line, "text", text);
  tocsin_log(TOCSIN_INFO, greeting, line);
}

void configure(tocsin_config *c) {
  tocsin_text t = tocsin_required(c, "greeting");
  char *copy = tocsin_alloc(t.len + 1);
  __builtin_memcpy(copy, t.at, t.len);
  copy[t.len] = 0;
  greeting = copy;
  times = tocsin_config_number(c, "times", 1);
}

static tocsin_object key(void) {
  tocsin_object o = {0};
  tocsin_adds(&o, "key", "k/1");
  return o;
}

static const char *swap(tocsin_text old, tocsin_text value) {
  tocsin_object o = key();
  tocsin_value(&o, "old", old);
  tocsin_value(&o, "value", value);
  return TOCSIN_CALL(kv_cas, &o).error ? "no" : "yes";
}

static tocsin_outcome key_value(const tocsin_delivery *d) {
  tocsin_object put = key(), get = key(), list = {0}, delete = key(), again = key(), line = {0};
  tocsin_value(&put, "value", tocsin_get(d->input, "value"));
  tocsin_value(&put, "ttl_ms", TOCSIN_TEXT("1000"));
  tocsin_answer a = TOCSIN_CALL(kv_put, &put);
  if (a.error) return tocsin_refused("kv_put", a.error);
  tocsin_text old = TOCSIN_CALL(kv_get, &get).value;
  const char *first = swap(old, TOCSIN_TEXT("2")), *second = swap(old, TOCSIN_TEXT("3"));
  tocsin_adds(&list, "prefix", "k/");
  tocsin_text keys = tocsin_inside(tocsin_get(TOCSIN_CALL(kv_list, &list).value, "keys")), one;
  tocsin_next(&keys, &one);
  TOCSIN_CALL(kv_delete, &delete);
  int gone = TOCSIN_CALL(kv_get, &again).error == TOCSIN_NOT_FOUND;
  tocsin_adds(&line, "swapped", *first == 'y' && *second == 'n' ? "yes no" : "wrong");
  tocsin_add(&line, "keys", tocsin_string(one));
  tocsin_adds(&line, "after", gone ? "none" : "there");
  tocsin_log(TOCSIN_INFO, greeting, line);
  return TOCSIN_DONE;
}

static tocsin_answer ask(const char *method, tocsin_text url, const char *header, tocsin_text value, tocsin_text body) {
  tocsin_object headers = {0}, request = {0};
  tocsin_add(&headers, header, value);
  tocsin_adds(&request, "method", method);
  tocsin_add(&request, "url", url);
  tocsin_value(&request, "headers", tocsin_json(&headers));
  if (body.at) tocsin_add(&request, "body", body);
  return TOCSIN_CALL(http, &request);
}

static tocsin_outcome with_secret(const tocsin_delivery *d) {
  tocsin_object request = {0}, bearer = {0};
  tocsin_adds(&request, "name", "token");
  tocsin_answer handle = TOCSIN_CALL(secret, &request);
  if (handle.error) return tocsin_refused("secret", handle.error);
  tocsin__put(&bearer, "Bearer ", 7);
  tocsin__put(&bearer, handle.value.at, handle.value.len);
  tocsin_answer a = ask("GET", tocsin_string(tocsin_get(d->input, "url")), "authorization", (tocsin_text){bearer.at, bearer.len}, TOCSIN_NOTHING);
  return a.error ? tocsin_refused("http", a.error) : TOCSIN_DONE;
}

static tocsin_outcome call_aws(const tocsin_delivery *d) {
  tocsin_object o = {0};
  tocsin_adds(&o, "service", "sqs");
  tocsin_adds(&o, "action", "SendMessage");
  tocsin_value(&o, "params", tocsin_get(d->input, "params"));
  tocsin_answer a = TOCSIN_CALL(aws, &o);
  if (a.error) return tocsin_refused("aws sqs.SendMessage", a.error);
  tocsin_text error = tocsin_get(a.value, "error"), message = tocsin_string(tocsin_get(error, "message"));
  if (tocsin_kind(tocsin_get(error, "retry")) == 't') return tocsin_retry(message);
  if (error.at) return tocsin_fail("", message);
  say(tocsin_string(tocsin_get(tocsin_get(a.value, "result"), "MessageId")));
  return TOCSIN_DONE;
}

tocsin_outcome deliver(const tocsin_delivery *d) {
  tocsin_text what = tocsin_string(tocsin_get(d->input, "do")), text = tocsin_string(tocsin_get(d->input, "text"));
  if (tocsin_is(what, "times")) say(tocsin_digits(times));
  else if (tocsin_is(what, "echo")) say(text);
  else if (tocsin_is(what, "state")) say(tocsin_digits(++state));
  else if (tocsin_is(what, "time")) say(tocsin_digits(tocsin_now()));
  else if (tocsin_is(what, "count")) tocsin_count("seen", 2);
  else if (tocsin_is(what, "kv")) return key_value(d);
  else if (tocsin_is(what, "secret")) return with_secret(d);
  else if (tocsin_is(what, "aws")) return call_aws(d);
  else if (tocsin_is(what, "fail")) return tocsin_fail("NO_CHANNEL", TOCSIN_TEXT("there is no such channel"));
  else if (tocsin_is(what, "retry")) return tocsin_retry(TOCSIN_TEXT("not today"));
  else if (tocsin_is(what, "who")) {
    tocsin_object line = {0};
    tocsin_value(&line, "id", d->id);
    tocsin_add(&line, "rule", d->rule);
    tocsin_add(&line, "attempt", tocsin_digits(d->attempt));
    tocsin_log(TOCSIN_INFO, greeting, line);
  } else if (tocsin_is(what, "random")) {
    unsigned char b[8];
    char hex[16];
    tocsin_random(b, sizeof b);
    for (int i = 0; i < 16; i++) hex[i] = "0123456789abcdef"[b[i / 2] >> (i % 2 ? 0 : 4) & 15];
    say((tocsin_text){hex, sizeof hex});
  } else if (tocsin_is(what, "emit")) {
    tocsin_object o = {0};
    tocsin_adds(&o, "source", "tck");
    tocsin_adds(&o, "detail-type", "Echo");
    tocsin_value(&o, "detail", tocsin_get(d->input, "detail"));
    tocsin_answer a = TOCSIN_CALL(emit, &o);
    if (a.error) return tocsin_refused("emit", a.error);
  } else if (tocsin_is(what, "http")) {
    tocsin_answer a = ask("POST", tocsin_string(tocsin_get(d->input, "url")), "content-type", TOCSIN_TEXT("text/plain"), text);
    if (a.error) return tocsin_refused("http", a.error);
    say(tocsin_string(tocsin_get(a.value, "body")));
    return tocsin_status(a.value);
  } else return tocsin_fail("UNKNOWN", TOCSIN_TEXT("do what?"));
  return TOCSIN_DONE;
}
