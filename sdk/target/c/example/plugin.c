// Plugin big-order tells a webhook about orders of a certain size.
#include "tocsin.h"

// What the target's config says. It is read once and kept for every delivery; what a
// delivery itself changes is gone before the next one.
static tocsin_text url;
static double at_least;

void configure(tocsin_config *c) {
  url = tocsin_required(c, "url");
  at_least = tocsin_config_number(c, "at_least", 1000);
}

// deliver takes one event. tocsin_retry asks for another attempt, tocsin_fail gives up at once.
tocsin_outcome deliver(const tocsin_delivery *d) {
  tocsin_text detail = tocsin_get(d->input, "detail"), amount = tocsin_get(detail, "amount"), id = tocsin_string(tocsin_get(detail, "id"));
  if (tocsin_kind(amount) != '0') return tocsin_fail("NO_AMOUNT", TOCSIN_TEXT("detail.amount is no number"));
  if (tocsin_number(amount, 0) < at_least) return TOCSIN_DONE;

  tocsin_object order = {0}, line = {0}, headers = {0}, request = {0};
  tocsin_add(&order, "order", id);
  tocsin_value(&order, "amount", amount);
  tocsin_adds(&headers, "content-type", "application/json");
  tocsin_adds(&request, "method", "POST");
  tocsin_add(&request, "url", url);
  tocsin_value(&request, "headers", tocsin_json(&headers));
  tocsin_add(&request, "body", tocsin_json(&order));
  tocsin_answer answer = TOCSIN_CALL(http, &request);
  if (answer.error) return tocsin_refused("http", answer.error);

  tocsin_add(&line, "order", id);
  tocsin_log(TOCSIN_INFO, "a big order", line);
  return tocsin_status(answer.value);
}
