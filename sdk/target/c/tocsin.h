/* tocsin.h: the C SDK of ABI v1 (sdk/abi/README.md). One header, no libc.
 *
 * A target is two functions, configure and deliver; this header is the rest. It also defines
 * the module's exports, so include it in one file only.
 *
 * A tocsin_text is a view of bytes: a JSON value as it stands in the batch, or a string's
 * content. Nothing is decoded before it is asked for, and nothing is ever freed: memory is
 * what it was after configure when the next delivery begins. */
#ifndef TOCSIN_H
#define TOCSIN_H

typedef unsigned tocsin_size;
typedef struct { const char *at; tocsin_size len; } tocsin_text;

#define TOCSIN_TEXT(s) ((tocsin_text){s, sizeof(s) - 1})
#define TOCSIN_NOTHING ((tocsin_text){0, 0})

/* ---- memory ---- */

extern unsigned char __heap_base;
static char *tocsin__free, *tocsin__mark;

static inline char *tocsin_alloc(tocsin_size n) {
  if (!tocsin__free) tocsin__free = (char *)&__heap_base;
  char *p = tocsin__free;
  tocsin__free += (n + 15u) & ~15u;
  tocsin_size have = __builtin_wasm_memory_size(0) << 16, want = (tocsin_size)tocsin__free;
  if (want < (tocsin_size)p || (want > have && __builtin_wasm_memory_grow(0, (want - have + 65535) >> 16) == (tocsin_size)-1))
    __builtin_trap(); /* the host reports it as its memory limit */
  return p;
}

static inline tocsin_text tocsin_of(const char *s) {
  tocsin_text t = {s, 0};
  while (s[t.len]) t.len++;
  return t;
}

static inline int tocsin_same(tocsin_text a, tocsin_text b) {
  if (a.len != b.len) return 0;
  for (tocsin_size i = 0; i < a.len; i++)
    if (a.at[i] != b.at[i]) return 0;
  return 1;
}

static inline int tocsin_is(tocsin_text a, const char *b) { return tocsin_same(a, tocsin_of(b)); }

/* ---- reading JSON: total, it never leaves the text; what is no JSON reads as nothing ---- */

static inline const char *tocsin__space(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == ',' || *p == ':')) p++;
  return p;
}

static inline const char *tocsin__string(const char *p, const char *end) {
  for (p++; p < end && *p != '"'; p++)
    if (*p == '\\') p++;
  return p < end ? p + 1 : end;
}

/* tocsin__skip is where the value that begins at p ends. */
static inline const char *tocsin__skip(const char *p, const char *end) {
  if (p < end && *p == '"') return tocsin__string(p, end);
  if (p >= end || (*p != '{' && *p != '[')) {
    while (p < end && *p != ',' && *p != '}' && *p != ']' && *p > ' ') p++;
    return p;
  }
  for (int depth = 0; p < end;) {
    if (*p == '"') { p = tocsin__string(p, end); continue; }
    if (*p == '{' || *p == '[') depth++;
    if ((*p == '}' || *p == ']') && --depth == 0) return p + 1;
    p++;
  }
  return end;
}

/* tocsin_kind is '{' '[' '"' 't' 'f' 'n', '0' for a number, 0 for nothing. */
static inline char tocsin_kind(tocsin_text v) {
  if (!v.at || !v.len) return 0;
  char c = *v.at;
  return c == '-' || (c >= '0' && c <= '9') ? '0' : c;
}

/* tocsin_inside and tocsin_next go over an object or array:
 *   for (tocsin_text rest = tocsin_inside(v), item; tocsin_next(&rest, &item);)
 * In an object, names (in quotes) and values take turns. */
static inline tocsin_text tocsin_inside(tocsin_text v) {
  char kind = tocsin_kind(v);
  return kind == '{' || kind == '[' ? (tocsin_text){v.at + 1, v.len - 1} : TOCSIN_NOTHING;
}

static inline int tocsin_next(tocsin_text *rest, tocsin_text *item) {
  const char *end = rest->at + rest->len, *p = tocsin__space(rest->at, end), *to = tocsin__skip(p, end);
  *item = (tocsin_text){p, (tocsin_size)(to - p)};
  *rest = (tocsin_text){to, (tocsin_size)(end - to)};
  return to > p;
}

static inline int tocsin__hex(const char *p, const char *end) {
  int v = 0;
  if (end - p < 4) return -1;
  for (int i = 0; i < 4; i++) {
    char c = p[i], l = c | 32;
    if (!(c >= '0' && c <= '9') && !(l >= 'a' && l <= 'f')) return -1;
    v = v << 4 | (c <= '9' ? c - '0' : l - 'a' + 10);
  }
  return v;
}

static inline char *tocsin__utf8(char *o, int c) {
  if (c < 0x80) { *o++ = c; return o; }
  if (c < 0x800) *o++ = 0xc0 | c >> 6;
  else {
    if (c < 0x10000) *o++ = 0xe0 | c >> 12;
    else { *o++ = 0xf0 | c >> 18; *o++ = 0x80 | (c >> 12 & 63); }
    *o++ = 0x80 | (c >> 6 & 63);
  }
  *o++ = 0x80 | (c & 63);
  return o;
}

/* tocsin_string is a JSON string's content, nothing for any other value. A lone half of a
 * surrogate pair becomes U+FFFD. */
static inline tocsin_text tocsin_string(tocsin_text v) {
  if (tocsin_kind(v) != '"' || v.len < 2) return TOCSIN_NOTHING;
  const char *p = v.at + 1, *end = v.at + v.len - 1, *q = p;
  while (q < end && *q != '\\') q++;
  if (q == end) return (tocsin_text){p, (tocsin_size)(end - p)};
  char *out = tocsin_alloc(v.len), *o = out;
  while (p < end) {
    if (*p != '\\' || p + 1 == end) { *o++ = *p++; continue; }
    char c = p[1];
    p += 2;
    if (c == 'u') {
      int u = tocsin__hex(p, end), low = p + 6 <= end && p[4] == '\\' && p[5] == 'u' ? tocsin__hex(p + 6, end) : -1;
      p += end - p < 4 ? end - p : 4;
      if (u >= 0xd800 && u < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
      } else if (u < 0 || (u >= 0xd800 && u < 0xe000)) u = 0xfffd;
      o = tocsin__utf8(o, u);
      continue;
    }
    *o++ = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c == 'f' ? '\f' : c;
  }
  return (tocsin_text){out, (tocsin_size)(o - out)};
}

/* tocsin_get is the value of a member, nothing where there is none. */
static inline tocsin_text tocsin_get(tocsin_text v, const char *name) {
  tocsin_text want = tocsin_of(name), key, value;
  if (tocsin_kind(v) != '{') return TOCSIN_NOTHING;
  for (tocsin_text rest = tocsin_inside(v); tocsin_next(&rest, &key) && tocsin_next(&rest, &value);)
    if (key.len >= want.len + 2 && tocsin_same(tocsin_string(key), want)) return value;
  return TOCSIN_NOTHING;
}

/* tocsin_number is a JSON number, otherwise for any other value. The digits are v itself: a
 * double keeps 15 of them. */
static inline double tocsin_number(tocsin_text v, double otherwise) {
  if (tocsin_kind(v) != '0') return otherwise;
  double n = 0, scale = 1;
  int i = *v.at == '-', e = 0, down = 0, dot = 0;
  for (; (tocsin_size)i < v.len && (v.at[i] | 32) != 'e'; i++) {
    if (v.at[i] == '.') { dot = 1; continue; }
    n = n * 10 + (v.at[i] - '0');
    if (dot) scale *= 10;
  }
  if ((tocsin_size)++i < v.len && (v.at[i] == '+' || v.at[i] == '-')) down = v.at[i++] == '-';
  for (; (tocsin_size)i < v.len && e < 400; i++) e = e * 10 + (v.at[i] - '0');
  n /= scale;
  while (e-- > 0) n = down ? n / 10 : n * 10;
  return *v.at == '-' ? -n : n;
}

/* ---- writing JSON ---- */

typedef struct { char *at; tocsin_size len, room; } tocsin_object;

static inline void tocsin__put(tocsin_object *o, const char *s, tocsin_size n) {
  if (o->len + n > o->room) {
    tocsin_size room = 2 * (o->len + n) + 128;
    char *more = tocsin_alloc(room);
    __builtin_memcpy(more, o->at, o->len);
    o->at = more, o->room = room;
  }
  __builtin_memcpy(o->at + o->len, s, n);
  o->len += n;
}

static inline void tocsin__quote(tocsin_object *o, tocsin_text s) {
  tocsin_size from = 0;
  tocsin__put(o, "\"", 1);
  for (tocsin_size i = 0; i < s.len; i++) {
    unsigned char c = s.at[i];
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    char code[6] = {'\\', 'u', '0', '0', "01"[c >> 4 & 1], "0123456789abcdef"[c & 15]};
    tocsin__put(o, s.at + from, i - from);
    if (c >= 0x20) code[1] = c;
    tocsin__put(o, code, c < 0x20 ? 6 : 2);
    from = i + 1;
  }
  tocsin__put(o, s.at + from, s.len - from);
  tocsin__put(o, "\"", 1);
}

/* tocsin_value adds a member whose value is JSON text; nothing when there is none. Start with
 * tocsin_object o = {0}. */
static inline void tocsin_value(tocsin_object *o, const char *name, tocsin_text v) {
  if (!v.at) return;
  tocsin__put(o, o->len ? "," : "{", 1);
  tocsin__quote(o, tocsin_of(name));
  tocsin__put(o, ":", 1);
  tocsin__put(o, v.at, v.len);
}

static inline tocsin_text tocsin_quoted(tocsin_text s) {
  tocsin_object o = {0};
  tocsin__quote(&o, s);
  return (tocsin_text){o.at, o.len};
}

static inline void tocsin_add(tocsin_object *o, const char *name, tocsin_text s) { tocsin_value(o, name, tocsin_quoted(s)); }
static inline void tocsin_adds(tocsin_object *o, const char *name, const char *s) { tocsin_add(o, name, tocsin_of(s)); }

static inline tocsin_text tocsin_digits(long long n) {
  char *end = tocsin_alloc(32) + 32, *p = end;
  unsigned long long u = n < 0 ? 0ull - (unsigned long long)n : (unsigned long long)n;
  do *--p = '0' + u % 10; while (u /= 10);
  if (n < 0) *--p = '-';
  return (tocsin_text){p, (tocsin_size)(end - p)};
}

/* tocsin_json is the object's text. */
static inline tocsin_text tocsin_json(tocsin_object *o) {
  tocsin__put(o, o->len ? "}" : "{}", o->len ? 1 : 2);
  return (tocsin_text){o->at, o->len};
}

/* ---- the host ---- */

#define TOCSIN__IMPORT(name) __attribute__((import_module("tocsin"), import_name(name))) extern
TOCSIN__IMPORT("take") void tocsin__take(char *, tocsin_size);
TOCSIN__IMPORT("log") void tocsin__log(int, const char *, tocsin_size);
TOCSIN__IMPORT("metric") void tocsin__metric(const char *, tocsin_size);
TOCSIN__IMPORT("now") long long tocsin_now(void); /* the attempt's start, ms since 1970 */
TOCSIN__IMPORT("random") void tocsin_random(void *, tocsin_size);
/* What is never called is not imported, and what is not imported needs no permission. */
TOCSIN__IMPORT("emit") int tocsin__emit(const char *, tocsin_size);
TOCSIN__IMPORT("kv_get") int tocsin__kv_get(const char *, tocsin_size);
TOCSIN__IMPORT("kv_put") int tocsin__kv_put(const char *, tocsin_size);
TOCSIN__IMPORT("kv_delete") int tocsin__kv_delete(const char *, tocsin_size);
TOCSIN__IMPORT("kv_list") int tocsin__kv_list(const char *, tocsin_size);
TOCSIN__IMPORT("kv_cas") int tocsin__kv_cas(const char *, tocsin_size);
TOCSIN__IMPORT("http") int tocsin__http(const char *, tocsin_size);
TOCSIN__IMPORT("aws") int tocsin__aws(const char *, tocsin_size);
TOCSIN__IMPORT("secret") int tocsin__secret(const char *, tocsin_size);

enum { TOCSIN_DENIED = 1, TOCSIN_NOT_FOUND, TOCSIN_BAD_REQUEST, TOCSIN_TOO_LARGE, TOCSIN_CONFLICT, TOCSIN_BUSY, TOCSIN_UNAVAILABLE, TOCSIN_TIMEOUT };
enum { TOCSIN_DEBUG = 1, TOCSIN_INFO, TOCSIN_WARN, TOCSIN_ERROR };

/* tocsin_answer is what a host function said: an errno, or 0 and JSON text. */
typedef struct { int error; tocsin_text value; } tocsin_answer;

static inline tocsin_answer tocsin__fetch(int n) {
  if (n < 0) return (tocsin_answer){-n, TOCSIN_NOTHING};
  tocsin_answer a = {0, {tocsin_alloc(n), n}};
  tocsin__take((char *)a.value.at, n);
  return a;
}

/* TOCSIN_CALL asks a host function: TOCSIN_CALL(http, &request). The request's members are those
 * of sdk/abi/README.md. */
#define TOCSIN_CALL(function, object) ({ tocsin_text tocsin__r = tocsin_json(object); tocsin__fetch(tocsin__##function(tocsin__r.at, tocsin__r.len)); })

/* tocsin_log writes a line: a constant message, and what the object holds. */
static inline void tocsin_log(int level, const char *message, tocsin_object more) {
  tocsin_object line = {0};
  tocsin_adds(&line, "message", message);
  if (more.len) { tocsin__put(&line, ",", 1); tocsin__put(&line, more.at + 1, more.len - 1); }
  tocsin_text text = tocsin_json(&line);
  tocsin__log(level, text.at, text.len);
}

/* tocsin_count adds to a counter of the target. */
static inline void tocsin_count(const char *name, long long by) {
  tocsin_object o = {0};
  tocsin_adds(&o, "name", name);
  tocsin_value(&o, "value", tocsin_digits(by));
  tocsin_text text = tocsin_json(&o);
  tocsin__metric(text.at, text.len);
}

/* ---- what the author writes ---- */

typedef struct { tocsin_text id, rule, event, input; int attempt; } tocsin_delivery;
typedef struct { int failed, retry; tocsin_text code, error; } tocsin_outcome;
typedef struct { tocsin_text all, known; tocsin_object problems; } tocsin_config;

/* configure reads the target's config once, before the first delivery. */
void configure(tocsin_config *c);
/* deliver takes one event: input is what the rule file made of it, or the event itself. */
tocsin_outcome deliver(const tocsin_delivery *d);

#define TOCSIN_DONE ((tocsin_outcome){0})

/* tocsin_retry: the same delivery may succeed later. */
static inline tocsin_outcome tocsin_retry(tocsin_text error) { return (tocsin_outcome){1, 1, TOCSIN_NOTHING, error}; }

/* tocsin_fail: no further attempt can help; the code is for programs that read dead letters. */
static inline tocsin_outcome tocsin_fail(const char *code, tocsin_text error) { return (tocsin_outcome){1, 0, tocsin_of(code), error}; }

/* tocsin_refused is the outcome of a host function that did not answer. */
static inline tocsin_outcome tocsin_refused(const char *call, int error) {
  tocsin_object o = {0};
  tocsin_text number = tocsin_digits(error), name = tocsin_of(call);
  tocsin__put(&o, name.at, name.len);
  tocsin__put(&o, ": errno ", 8);
  tocsin__put(&o, number.at, number.len);
  return (tocsin_outcome){1, error == TOCSIN_BUSY || error == TOCSIN_UNAVAILABLE || error == TOCSIN_TIMEOUT, TOCSIN_NOTHING, {o.at, o.len}};
}

/* tocsin_status is the outcome of an HTTP answer: 408, 425, 429 and 5xx may pass later. */
static inline tocsin_outcome tocsin_status(tocsin_text answer) {
  int status = tocsin_number(tocsin_get(answer, "status"), 0);
  if (status / 100 == 2) return TOCSIN_DONE;
  tocsin_object error = {0}, code = {0};
  tocsin_text digits = tocsin_digits(status);
  tocsin__put(&error, "answered HTTP status ", 21);
  tocsin__put(&error, digits.at, digits.len);
  if (status == 408 || status == 425 || status == 429 || status >= 500) return tocsin_retry((tocsin_text){error.at, error.len});
  tocsin__put(&code, "HTTP_", 5);
  tocsin__put(&code, digits.at, digits.len);
  return (tocsin_outcome){1, 0, {code.at, code.len}, {error.at, error.len}};
}

/* tocsin_problem notes what a person should change in the config: path "url", message "is missing". */
static inline void tocsin_problem(tocsin_config *c, tocsin_text path, const char *message) {
  tocsin_object o = {0};
  tocsin_add(&o, "path", path);
  tocsin_adds(&o, "message", message);
  tocsin_text one = tocsin_json(&o);
  tocsin__put(&c->problems, c->problems.len ? "," : "[", 1);
  tocsin__put(&c->problems, one.at, one.len);
}

static inline tocsin_text tocsin__ask(tocsin_config *c, const char *name) {
  tocsin_object o = {0};
  tocsin__put(&o, c->known.at, c->known.len);
  tocsin__put(&o, "\"", 1);
  tocsin__put(&o, name, tocsin_of(name).len);
  tocsin__put(&o, "\"", 1);
  c->known = (tocsin_text){o.at, o.len};
  return tocsin_get(c->all, name);
}

/* The config's members by name; a wrong kind is a problem, and so is a name never asked for. */
static inline tocsin_text tocsin_required(tocsin_config *c, const char *name) {
  tocsin_text v = tocsin__ask(c, name), s = tocsin_string(v);
  if (!s.len) tocsin_problem(c, tocsin_of(name), !v.at ? "is missing; write a string" : s.at ? "is empty; write a string" : "is no string; write one");
  return s;
}

static inline tocsin_text tocsin_optional(tocsin_config *c, const char *name, const char *otherwise) {
  tocsin_text v = tocsin__ask(c, name), s = tocsin_string(v);
  if (v.at && !s.at) tocsin_problem(c, tocsin_of(name), "is no string; write one");
  return v.at ? s : tocsin_of(otherwise);
}

static inline double tocsin_config_number(tocsin_config *c, const char *name, double otherwise) {
  tocsin_text v = tocsin__ask(c, name);
  if (v.at && tocsin_kind(v) != '0') tocsin_problem(c, tocsin_of(name), "is no number; write one");
  return tocsin_number(v, otherwise);
}

/* ---- the module's exports ---- */

#define TOCSIN__EXPORT(name) __attribute__((export_name(name)))

static inline unsigned long long tocsin__give(tocsin_text t) { return (unsigned long long)(tocsin_size)t.at << 32 | t.len; }

TOCSIN__EXPORT("abi_v1") void tocsin__abi_v1(void) {}

/* What an earlier delivery took is taken again, for a host that does not put memory back. */
TOCSIN__EXPORT("alloc") char *tocsin__alloc(tocsin_size n) {
  if (tocsin__mark) tocsin__free = tocsin__mark;
  return tocsin_alloc(n);
}

TOCSIN__EXPORT("init") unsigned long long tocsin__init(const char *p, tocsin_size n) {
  tocsin_config c = {{p, n}, TOCSIN_NOTHING, {0}};
  tocsin_text name, value;
  configure(&c);
  for (tocsin_text rest = tocsin_inside(c.all); tocsin_next(&rest, &name) && tocsin_next(&rest, &value);) {
    int found = 0;
    for (tocsin_text rest = c.known, have; tocsin_next(&rest, &have);) found = found || tocsin_same(tocsin_string(have), tocsin_string(name));
    if (!found) tocsin_problem(&c, tocsin_string(name), "is not known here; take it out");
  }
  tocsin__mark = tocsin__free;
  if (!c.problems.len) return 0;
  tocsin__put(&c.problems, "]", 1);
  tocsin_object o = {0};
  tocsin_value(&o, "problems", (tocsin_text){c.problems.at, c.problems.len});
  return tocsin__give(tocsin_json(&o));
}

static inline tocsin_delivery tocsin__read(tocsin_text record) {
  tocsin_delivery d = {0};
  tocsin_text name, v;
  for (tocsin_text rest = tocsin_inside(record); tocsin_next(&rest, &name) && tocsin_next(&rest, &v);) {
    if (tocsin_is(name, "\"id\"")) d.id = v;
    else if (tocsin_is(name, "\"rule\"")) d.rule = tocsin_string(v);
    else if (tocsin_is(name, "\"attempt\"")) d.attempt = tocsin_number(v, 0);
    else if (tocsin_is(name, "\"event\"")) d.event = v;
    else if (tocsin_is(name, "\"input\"")) d.input = v;
  }
  if (!d.input.at) d.input = d.event;
  return d;
}

TOCSIN__EXPORT("handle") unsigned long long tocsin__handle(const char *p, tocsin_size n) {
  tocsin_object list = {0};
  for (tocsin_text rest = tocsin_inside(tocsin_get((tocsin_text){p, n}, "records")), record; tocsin_next(&rest, &record);) {
    tocsin_delivery d = tocsin__read(record);
    tocsin_outcome out = deliver(&d);
    if (!out.failed) continue;
    tocsin_object o = {0};
    tocsin_value(&o, "id", d.id);
    tocsin_value(&o, "retry", out.retry ? TOCSIN_TEXT("true") : TOCSIN_TEXT("false"));
    tocsin_add(&o, "error", out.error);
    if (out.code.len) tocsin_add(&o, "code", out.code);
    tocsin_text one = tocsin_json(&o);
    tocsin__put(&list, list.len ? "," : "[", 1);
    tocsin__put(&list, one.at, one.len);
  }
  tocsin_object result = {0};
  if (list.len) {
    tocsin__put(&list, "]", 1);
    tocsin_value(&result, "failures", (tocsin_text){list.at, list.len});
  }
  return tocsin__give(tocsin_json(&result));
}

#endif
