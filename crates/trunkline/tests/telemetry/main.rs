//! Traces as an OTLP receiver gets them: the binary serves, a phone calls, and a receiver of the test's own
//! reads what arrives.

mod phone;
mod receiver;
#[path = "../serve/mod.rs"]
mod serve;
mod service;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use phone::Phone;
use receiver::{Mood, Receiver};
use service::Service;

#[test]
fn a_transferred_call_is_one_trace_under_its_own_id() {
    let mut receiver = Receiver::start(Mood::Takes);
    let mut queue = Phone::plug_in();
    let service = Service::start(&receiver.endpoint(), queue.address());
    let mut caller = Phone::plug_in();
    let call = caller.call(service.sip(), service::MENU);
    let passed_on = caller.press_until(&call, || queue.rings());
    queue.answer(&passed_on);
    caller.hang_up(&call);
    queue.is_hung_up();

    let spans = receiver.trace();
    let id = service.only_call();
    for span in &spans {
        assert_eq!(hex(&span.trace_id), id, "{span:#?}");
        assert!(span.start_time_unix_nano > 0);
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
    }
    let call = only(&spans, "call", SpanKind::Server);
    assert!(call.parent_span_id.is_empty());
    assert_eq!(status(call), StatusCode::Ok);
    assert_eq!(text(call, "trunkline.call"), id);
    assert_eq!(text(call, "sip.trunk"), "office");
    assert_eq!(text(call, "trunkline.agent"), "reception");
    assert_eq!(text(call, "trunkline.outcome"), "Completed");
    assert_eq!(text(call, "trunkline.ended_by"), "Caller");
    let parts = [
        only(&spans, "leg", SpanKind::Server),
        only(&spans, "leg", SpanKind::Client),
        only(&spans, "transfer", SpanKind::Internal),
    ];
    for part in parts {
        assert_eq!(part.parent_span_id, call.span_id, "{part:#?}");
        assert!(part.start_time_unix_nano >= call.start_time_unix_nano);
        assert!(part.end_time_unix_nano <= call.end_time_unix_nano);
    }
    let [came_in, went_out, transfer] = parts;
    assert_eq!(text(went_out, "sip.trunk"), "centre");
    assert_eq!(text(went_out, "rtp.codec"), "PCMU/8000");
    assert_eq!(status(transfer), StatusCode::Ok);
    assert!(transfer.start_time_unix_nano <= went_out.start_time_unix_nano);
    assert!(came_in.start_time_unix_nano < transfer.start_time_unix_nano);
    assert!(noted(came_in, "DigitReceived") && noted(went_out, "LegAnswered"));
    assert_eq!(spans.len(), 4, "{spans:#?}");
    let mut ids: Vec<_> = spans.iter().map(|span| &span.span_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), spans.len(), "each span has an id of its own");
    receiver.told_nothing_personal();
    assert!(receiver.told_of_the_machinery().contains("start"));
    service.stop();
}

#[test]
fn a_failed_call_is_marked_and_its_peers_words_stay_in_the_log() {
    let mut receiver = Receiver::start(Mood::Takes);
    let mut bot = Phone::plug_in();
    let service = Service::start(&receiver.endpoint(), bot.address());
    let mut caller = Phone::plug_in();
    let call = caller.dial(service.sip(), service::BOT);
    let rung = bot.is_called();
    bot.refuse(&rung, 503, "Line of +14155550177 is down");
    caller.is_refused(call);

    let spans = receiver.trace();
    let id = service.only_call();
    let call = only(&spans, "call", SpanKind::Server);
    assert_eq!(hex(&call.trace_id), id);
    assert_eq!(status(call), StatusCode::Error, "{call:#?}");
    let told = &call.status.as_ref().expect("it has one").message;
    assert_eq!(told, "leg 1 refused with 503");
    assert_eq!(number(call, "sip.response.status_code"), 503);
    assert_eq!(text(call, "trunkline.outcome"), "Refused");
    let leg = only(&spans, "leg", SpanKind::Client);
    assert_eq!(leg.parent_span_id, call.span_id);
    assert_eq!(status(leg), StatusCode::Error);
    let told = &leg.status.as_ref().expect("it has one").message;
    assert_eq!(told, "refused with 503");
    assert_eq!(number(leg, "sip.response.status_code"), 503);
    receiver.told_nothing_personal();
    service.stop();
}

/// Three calls while it refuses, then it is there again: nothing was lost, and one warning was enough.
#[test]
fn a_receiver_that_is_away_costs_no_call_and_gets_everything_later() {
    let mut receiver = Receiver::start(Mood::Refuses);
    let service = Service::start(&receiver.endpoint(), receiver.nobody());
    let mut caller = Phone::plug_in();
    for _ in 0..3 {
        let call = caller.call(service.sip(), service::ECHO);
        caller.hang_up(&call);
    }
    receiver.was_asked(3);
    receiver.set(Mood::Takes);
    for _ in 0..3 {
        assert_eq!(
            only(&receiver.trace(), "call", SpanKind::Server).name,
            "call"
        );
    }
    let told = service.stop();
    let warnings: Vec<_> = told
        .lines()
        .filter(|line| line.contains(" WARN "))
        .collect();
    let [warning] = warnings[..] else {
        panic!("one warning is enough:\n{told}");
    };
    assert!(warning.contains(&receiver.endpoint()), "{warning}");
    assert!(warning.contains("calls go on"), "{warning}");
}

/// It takes the connection and never answers: calls are answered as ever, and so is the order to stop.
#[test]
fn a_receiver_that_hangs_holds_up_neither_calls_nor_the_stop() {
    let mut receiver = Receiver::start(Mood::Hangs);
    let service = Service::start(&receiver.endpoint(), receiver.nobody());
    let mut caller = Phone::plug_in();
    let call = caller.call(service.sip(), service::ECHO);
    caller.hang_up(&call);
    receiver.was_asked(1);
    for _ in 0..3 {
        let call = caller.call(service.sip(), service::ECHO);
        caller.hang_up(&call);
    }
    let told = service.stop();
    assert!(told.contains("were not sent"), "{told}");
    assert!(!told.contains("panicked"), "{told}");
}

fn only<'a>(spans: &'a [Span], name: &str, kind: SpanKind) -> &'a Span {
    let found: Vec<_> = spans
        .iter()
        .filter(|span| span.name == name && span.kind == i32::from(kind))
        .collect();
    let [span] = found[..] else {
        panic!("not one span {name} {kind:?}: {spans:#?}");
    };
    span
}

fn status(span: &Span) -> StatusCode {
    span.status
        .as_ref()
        .map_or(StatusCode::Unset, |status| status.code())
}

fn value<'a>(span: &'a Span, key: &str) -> &'a Value {
    let found = span.attributes.iter().find(|one| one.key == key);
    found
        .and_then(|one| one.value.as_ref()?.value.as_ref())
        .unwrap_or_else(|| panic!("{key} is missing: {span:#?}"))
}

fn text<'a>(span: &'a Span, key: &str) -> &'a str {
    match value(span, key) {
        Value::StringValue(text) => text,
        other => panic!("{key} is no text: {other:?}"),
    }
}

fn number(span: &Span, key: &str) -> i64 {
    match value(span, key) {
        Value::IntValue(number) => *number,
        other => panic!("{key} is no number: {other:?}"),
    }
}

fn noted(span: &Span, event: &str) -> bool {
    span.events.iter().any(|one| one.name == event)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
