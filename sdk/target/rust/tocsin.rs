//! The Rust SDK of ABI v1 (sdk/abi/README.md). One module, no crates.
//!
//! A target is a type that implements `Plugin`, and the line `tocsin::plugin!(Type);`. Events stay
//! JSON text, read lazily with `Value` and written with `Object`. Memory is what it was after
//! `configure` when the next delivery begins.
#![allow(dead_code)]

use std::fmt;

/// What a target is: its config, read once, and one function.
pub trait Plugin: Sized {
    /// Reads the target's config, before the first delivery.
    fn configure(c: &mut Config) -> Self;
    /// Takes one event; the error says what becomes of it.
    fn deliver(&mut self, d: &Delivery) -> Result<(), Failure>;
}

/// Why a delivery was not taken: `retry`, `fail`, or a host function's `Refused` by way of `?`.
#[derive(Debug, PartialEq)]
pub struct Failure { pub retry: bool, pub code: String, pub error: String }

/// The same delivery may succeed later.
pub fn retry(error: impl fmt::Display) -> Failure { Failure { retry: true, code: String::new(), error: error.to_string() } }

/// No further attempt can help; the code is for programs that read dead letters.
pub fn fail(code: &str, error: impl fmt::Display) -> Failure { Failure { retry: false, code: code.into(), error: error.to_string() } }

/// One event on its way to this target.
pub struct Delivery<'a> {
    /// The same over all attempts, so it serves as an idempotency key.
    pub id: String,
    pub rule: String,
    pub attempt: u32,
    /// The whole event, as it was received.
    pub event: Value<'a>,
    /// What the rule file made of the event, or the event itself.
    pub input: Value<'a>,
}

// ---- reading JSON: total, it never leaves the text; what is no JSON reads as nothing ----

/// One JSON value as its text; empty where there is none. Nothing is decoded before it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Value<'a>(pub &'a [u8]);

impl<'a> Value<'a> {
    pub fn exists(&self) -> bool { !self.0.is_empty() }
    /// The text, as it stands in the batch: a number keeps every digit.
    pub fn raw(&self) -> &'a str { std::str::from_utf8(self.0).unwrap_or("") }
    /// Follows a member's name; nothing where there is none.
    pub fn get(&self, name: &str) -> Value<'a> {
        self.members().find(|(n, _)| n == name).map(|(_, v)| v).unwrap_or_default()
    }
    /// A string's content.
    pub fn text(&self) -> Option<String> {
        if self.0.len() < 2 || self.0[0] != b'"' { return None; }
        Some(unescape(std::str::from_utf8(&self.0[1..self.0.len() - 1]).ok()?))
    }
    pub fn number(&self) -> Option<f64> {
        match self.0.first() { Some(b'-' | b'0'..=b'9') => self.raw().parse().ok(), _ => None }
    }
    pub fn is_true(&self) -> bool { self.0 == b"true" }
    /// The members of an object, in order.
    pub fn members(&self) -> impl Iterator<Item = (String, Value<'a>)> {
        let mut parts = self.parts(b'{');
        std::iter::from_fn(move || Some((Value(parts.next()?).text()?, Value(parts.next()?))))
    }
    /// The items of an array, in order.
    pub fn items(&self) -> impl Iterator<Item = Value<'a>> { self.parts(b'[').map(Value) }

    fn parts(&self, open: u8) -> impl Iterator<Item = &'a [u8]> {
        let mut rest: &'a [u8] = if self.0.first() == Some(&open) { &self.0[1..] } else { &[] };
        std::iter::from_fn(move || {
            while let Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':') = rest.first() { rest = &rest[1..]; }
            let (part, after) = rest.split_at(skip(rest));
            rest = after;
            if part.is_empty() { None } else { Some(part) }
        })
    }
}

/// Where the value at the beginning of b ends.
fn skip(b: &[u8]) -> usize {
    let (mut i, mut depth) = (0, 0);
    while i < b.len() {
        match b[i] {
            b'"' => {
                i += 1;
                while i < b.len() && b[i] != b'"' { i += if b[i] == b'\\' { 2 } else { 1 }; }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return i,
            b'}' | b']' => depth -= 1,
            _ if depth > 0 => {}
            _ => {
                while i < b.len() && b[i] > b' ' && !matches!(b[i], b',' | b'}' | b']') { i += 1; }
                return i;
            }
        }
        i += 1;
        if depth == 0 { return i.min(b.len()); }
    }
    b.len()
}

/// A lone half of a surrogate pair becomes U+FFFD.
fn unescape(s: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(s.len()), s);
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let c = rest[at + 1..].chars().next().unwrap_or('\\');
        rest = rest.get(at + 1 + c.len_utf8()..).unwrap_or("");
        out.push(match c {
            'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\u{8}', 'f' => '\u{c}',
            'u' => {
                let (high, low) = (hex(rest), rest.get(4..6).filter(|r| *r == "\\u").and_then(|_| hex(&rest[6..])));
                rest = rest.get(4..).unwrap_or("");
                match (high, low) {
                    (Some(h @ 0xd800..=0xdbff), Some(l @ 0xdc00..=0xdfff)) => {
                        rest = &rest[6..];
                        char::from_u32(0x10000 + ((h - 0xd800) << 10) + (l - 0xdc00)).unwrap_or('\u{fffd}')
                    }
                    (h, _) => h.and_then(char::from_u32).unwrap_or('\u{fffd}'),
                }
            }
            other => other,
        });
    }
    out + rest
}

fn hex(s: &str) -> Option<u32> { u32::from_str_radix(s.get(..4)?, 16).ok() }

// ---- writing JSON ----

/// Writes one JSON object, member by member: `Object::new().text("id", id).json()`.
#[derive(Default, Clone)]
pub struct Object(String);

impl Object {
    pub fn new() -> Self { Object::default() }
    /// Adds JSON text as it is; nothing where there is none.
    pub fn value(mut self, name: &str, json: &str) -> Self {
        if json.is_empty() { return self; }
        if !self.0.is_empty() { self.0.push(','); }
        quote(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(json);
        self
    }
    pub fn text(self, name: &str, text: &str) -> Self {
        let mut quoted = String::with_capacity(text.len() + 2);
        quote(&mut quoted, text);
        self.value(name, &quoted)
    }
    pub fn int(self, name: &str, n: i64) -> Self { self.value(name, &n.to_string()) }
    pub fn flag(self, name: &str, b: bool) -> Self { self.value(name, if b { "true" } else { "false" }) }
    pub fn json(&self) -> String { format!("{{{}}}", self.0) }
}

fn quote(out: &mut String, s: &str) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

// ---- the host ----

/// The host functions. What is never called is not imported, and what is not imported needs no permission.
mod host {
    #[link(wasm_import_module = "tocsin")]
    extern "C" {
        pub fn take(p: *mut u8, n: usize);
        pub fn log(level: i32, p: *const u8, n: usize);
        pub fn metric(p: *const u8, n: usize);
        pub fn now() -> i64;
        pub fn random(p: *mut u8, n: usize);
        pub fn emit(p: *const u8, n: usize) -> i32;
        pub fn kv_get(p: *const u8, n: usize) -> i32;
        pub fn kv_put(p: *const u8, n: usize) -> i32;
        pub fn kv_delete(p: *const u8, n: usize) -> i32;
        pub fn kv_list(p: *const u8, n: usize) -> i32;
        pub fn kv_cas(p: *const u8, n: usize) -> i32;
        pub fn http(p: *const u8, n: usize) -> i32;
        pub fn aws(p: *const u8, n: usize) -> i32;
        pub fn secret(p: *const u8, n: usize) -> i32;
    }
}

/// A host function that did not answer: 1 not granted, 2 no such thing, 3 bad request, 4 too large,
/// 5 conflict, 6 over a rate limit, 7 no answer, 8 too late.
#[derive(Debug, PartialEq)]
pub struct Refused { pub call: &'static str, pub errno: i32 }

impl From<Refused> for Failure {
    fn from(r: Refused) -> Failure {
        Failure { retry: (6..=8).contains(&r.errno), code: String::new(), error: format!("{}: errno {}", r.call, r.errno) }
    }
}

fn call(name: &'static str, f: unsafe extern "C" fn(*const u8, usize) -> i32, request: &Object) -> Result<String, Refused> {
    let request = request.json();
    let n = unsafe { f(request.as_ptr(), request.len()) };
    if n < 0 { return Err(Refused { call: name, errno: -n }); }
    let mut answer = vec![0u8; n as usize];
    unsafe { host::take(answer.as_mut_ptr(), answer.len()) };
    Ok(String::from_utf8(answer).unwrap_or_default())
}

fn log(level: i32, message: &str, pairs: &[(&str, &str)]) {
    let line = pairs.iter().fold(Object::new().text("message", message), |o, (n, v)| o.text(n, v)).json();
    unsafe { host::log(level, line.as_ptr(), line.len()) }
}
pub fn debug(message: &str, pairs: &[(&str, &str)]) { log(1, message, pairs) }
pub fn info(message: &str, pairs: &[(&str, &str)]) { log(2, message, pairs) }
pub fn warn(message: &str, pairs: &[(&str, &str)]) { log(3, message, pairs) }
pub fn error(message: &str, pairs: &[(&str, &str)]) { log(4, message, pairs) }

/// Adds to a counter of the target.
pub fn count(name: &str, by: i64) {
    let line = Object::new().text("name", name).int("value", by).json();
    unsafe { host::metric(line.as_ptr(), line.len()) }
}
/// The attempt's start, in milliseconds since 1970.
pub fn now() -> i64 { unsafe { host::now() } }
/// Fills b with bytes that depend on the delivery alone.
pub fn random(b: &mut [u8]) { unsafe { host::random(b.as_mut_ptr(), b.len()) } }
/// Puts an event on the bus; detail is a JSON object.
pub fn emit(source: &str, detail_type: &str, detail: &str) -> Result<(), Refused> {
    call("emit", host::emit, &Object::new().text("source", source).text("detail-type", detail_type).value("detail", detail)).map(drop)
}
/// A value of the target's own space, as its JSON; None where there is none.
pub fn kv_get(key: &str) -> Result<Option<String>, Refused> {
    match call("kv_get", host::kv_get, &Object::new().text("key", key)) {
        Err(Refused { errno: 2, .. }) => Ok(None),
        other => other.map(Some),
    }
}
/// Stores a JSON value; after ttl_ms it is gone, 0 keeps it.
pub fn kv_put(key: &str, value: &str, ttl_ms: i64) -> Result<(), Refused> {
    call("kv_put", host::kv_put, &Object::new().text("key", key).value("value", value).int("ttl_ms", ttl_ms)).map(drop)
}
pub fn kv_delete(key: &str) -> Result<(), Refused> { call("kv_delete", host::kv_delete, &Object::new().text("key", key)).map(drop) }
pub fn kv_list(prefix: &str) -> Result<Vec<String>, Refused> {
    let answer = call("kv_list", host::kv_list, &Object::new().text("prefix", prefix))?;
    Ok(Value(answer.as_bytes()).get("keys").items().filter_map(|v| v.text()).collect())
}
/// Stores value if the key holds old ("" = nothing); false when another delivery was first.
pub fn kv_swap(key: &str, old: &str, value: &str, ttl_ms: i64) -> Result<bool, Refused> {
    match call("kv_cas", host::kv_cas, &Object::new().text("key", key).value("old", old).value("value", value).int("ttl_ms", ttl_ms)) {
        Err(Refused { errno: 5, .. }) => Ok(false),
        other => other.map(|_| true),
    }
}
/// A handle that the host replaces by the secret on the way out, in an HTTP request.
pub fn secret(name: &str) -> Result<String, Refused> { call("secret", host::secret, &Object::new().text("name", name)) }

/// The answer to an HTTP request. Every status is an answer; see `done`.
pub struct Response { pub status: u16, pub body: String }

impl Response {
    /// Ok for a 2xx status; 408, 425, 429 and 5xx may pass later, every other status is final.
    pub fn done(&self) -> Result<(), Failure> {
        let error = format!("answered HTTP status {}", self.status);
        match self.status {
            200..=299 => Ok(()),
            408 | 425 | 429 | 500.. => Err(retry(error)),
            _ => Err(fail(&format!("HTTP_{}", self.status), error)),
        }
    }
}

pub fn http(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Result<Response, Refused> {
    let headers = headers.iter().fold(Object::new(), |o, (n, v)| o.text(n, v)).json();
    let answer = call("http", host::http, &Object::new().text("method", method).text("url", url).value("headers", &headers).text("body", body))?;
    let v = Value(answer.as_bytes());
    Ok(Response { status: v.get("status").number().unwrap_or(0.0) as u16, body: v.get("body").text().unwrap_or_default() })
}

/// Calls an action of an AWS service; params and result are the JSON of its API reference.
pub fn aws(service: &str, action: &str, params: &str) -> Result<String, Failure> {
    let answer = call("aws", host::aws, &Object::new().text("service", service).text("action", action).value("params", params))?;
    let (v, text) = (Value(answer.as_bytes()), |v: Value| v.text().unwrap_or_default());
    let e = v.get("error");
    if !e.exists() { return Ok(v.get("result").raw().into()); }
    let error = format!("aws {}.{}: {}: {}", service, action, text(e.get("code")), text(e.get("message")));
    Err(Failure { retry: e.get("retry").is_true(), code: String::new(), error })
}

// ---- config ----

/// The target's config. Its methods collect what is wrong; a name never asked for is wrong too.
pub struct Config<'a> { all: Value<'a>, asked: Vec<String>, problems: Vec<String> }

impl<'a> Config<'a> {
    pub fn value(&mut self, name: &str) -> Value<'a> {
        self.asked.push(name.into());
        self.all.get(name)
    }
    pub fn required(&mut self, name: &str) -> String {
        let v = self.value(name);
        let s = v.text().unwrap_or_default();
        if s.is_empty() { self.problem(name, if v.exists() { "is no string or empty; write a string" } else { "is missing; write a string" }); }
        s
    }
    pub fn text(&mut self, name: &str, otherwise: &str) -> String {
        let v = self.value(name);
        if v.exists() && v.text().is_none() { self.problem(name, "is no string; write one"); }
        v.text().unwrap_or_else(|| otherwise.into())
    }
    pub fn number(&mut self, name: &str, otherwise: f64) -> f64 {
        let v = self.value(name);
        if v.exists() && v.number().is_none() { self.problem(name, "is no number; write one"); }
        v.number().unwrap_or(otherwise)
    }
    /// Notes what a person should change at path; the message continues it: "is missing".
    pub fn problem(&mut self, path: &str, message: &str) {
        self.problems.push(Object::new().text("path", path).text("message", message).json());
    }
    fn result(mut self) -> String {
        for (name, _) in self.all.members() {
            if !self.asked.contains(&name) {
                let known = self.asked.join(", ");
                self.problem(&name, &format!("is not known here; this plugin takes {}", known));
            }
        }
        if self.problems.is_empty() { return String::new(); }
        Object::new().value("problems", &format!("[{}]", self.problems.join(","))).json()
    }
}

// ---- the module's exports, by way of plugin! ----

pub fn run_init<P: Plugin>(config: &[u8]) -> (P, String) {
    let mut c = Config { all: Value(config), asked: vec![], problems: vec![] };
    let plugin = P::configure(&mut c);
    (plugin, c.result())
}

pub fn run_handle<P: Plugin>(plugin: &mut P, batch: &[u8]) -> String {
    let mut failures = vec![];
    for record in Value(batch).get("records").items() {
        let mut d = Delivery { id: String::new(), rule: String::new(), attempt: 0, event: Value(b""), input: Value(b"") };
        for (name, v) in record.members() {
            match name.as_str() {
                "id" => d.id = v.text().unwrap_or_default(),
                "rule" => d.rule = v.text().unwrap_or_default(),
                "attempt" => d.attempt = v.number().unwrap_or(0.0) as u32,
                "event" => d.event = v,
                "input" => d.input = v,
                _ => {}
            }
        }
        if !d.input.exists() { d.input = d.event; }
        if let Err(f) = plugin.deliver(&d) {
            let o = Object::new().text("id", &d.id).flag("retry", f.retry).text("error", &f.error);
            failures.push(if f.code.is_empty() { o } else { o.text("code", &f.code) }.json());
        }
    }
    if failures.is_empty() { return "{}".into(); }
    Object::new().value("failures", &format!("[{}]", failures.join(","))).json()
}

/// What the host writes, and the last answer, which it reads after the call.
static mut ROOM: Vec<u8> = Vec::new();
static mut ANSWER: String = String::new();

/// # Safety
/// The module has one thread.
pub unsafe fn room(n: usize) -> *mut u8 {
    let room = &mut *std::ptr::addr_of_mut!(ROOM);
    room.clear();
    room.reserve(n);
    room.as_mut_ptr()
}

/// # Safety
/// The module has one thread.
pub unsafe fn give(text: String) -> u64 {
    let answer = &mut *std::ptr::addr_of_mut!(ANSWER);
    *answer = text;
    (answer.as_ptr() as u64) << 32 | answer.len() as u64
}

#[macro_export]
macro_rules! plugin {
    ($plugin:ty) => {
        static mut PLUGIN: Option<$plugin> = None;
        #[no_mangle]
        pub extern "C" fn abi_v1() {}
        #[no_mangle]
        pub unsafe extern "C" fn alloc(n: usize) -> *mut u8 { $crate::tocsin::room(n) }
        #[no_mangle]
        pub unsafe extern "C" fn init(p: *const u8, n: usize) -> u64 {
            std::panic::set_hook(Box::new(|info| $crate::tocsin::error(&info.to_string(), &[])));
            let (plugin, answer) = $crate::tocsin::run_init::<$plugin>(std::slice::from_raw_parts(p, n));
            PLUGIN = Some(plugin);
            $crate::tocsin::give(answer)
        }
        #[no_mangle]
        pub unsafe extern "C" fn handle(p: *const u8, n: usize) -> u64 {
            let plugin = (*std::ptr::addr_of_mut!(PLUGIN)).as_mut().expect("init runs first");
            $crate::tocsin::give($crate::tocsin::run_handle(plugin, std::slice::from_raw_parts(p, n)))
        }
    };
}
