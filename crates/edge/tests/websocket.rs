//! The connection to an agent over a real socket: what waits for one that does not read, what is too large, and what is
//! never answered.

use std::future::poll_fn;
use std::task::{Context, Waker};

use futures_util::{SinkExt, StreamExt};
use media::dialect::Twilio;
use media::{Dialect, Introduction, Said};
use schemas::LegId;
use schemas::observation::StreamCloser;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, accept_async};
use trunkline_edge::Transport;
use trunkline_edge::locate::search;
use trunkline_edge::websocket::{Event, Happened, Line, MESSAGE_BYTES_MAX, Target};

type Bot = WebSocketStream<TcpStream>;

/// 20 ms of µ-law.
const FRAME: [u8; 160] = [0xff; 160];

/// More frames than sockets and queues of any machine hold.
const FRAMES_MAX: u64 = 100_000;

#[tokio::test]
async fn a_bot_that_writes_marks_and_reads_nothing_is_dropped() {
    // Marks come back at once where nothing waits to be heard: each is a message that waits for the bot.
    let name = "x".repeat(media::dialect::MARK_BYTES_MAX);
    let mark = format!(r#"{{"event":"mark","mark":{{"name":"{name}"}}}}"#);
    let (mut line, bot) = meet(async move |mut bot| {
        for _ in 0..8 * MESSAGE_BYTES_MAX / name.len() {
            if bot.send(Message::text(mark.clone())).await.is_err() {
                return;
            }
        }
    })
    .await;
    let event = loop {
        match next(&mut line).await {
            Happened::Said(Said::Mark(name)) => line.reached(&name),
            Happened::Said(said) => panic!("{said:?}"),
            Happened::Event(event) => break event,
        }
    };
    let Event::Closed { by, code, reason } = event else {
        panic!("{event:?}")
    };
    assert_eq!((by, code), (StreamCloser::Edge, None), "{reason}");
    assert!(reason.contains("reads nothing"), "{reason}");
    // Its leg goes on until control has heard of it: nothing more is kept for it, and nothing more is told.
    line.reached("late");
    assert!(!line.audio(&FRAME, 0));
    bot.abort();
    over(&mut line).await;
}

#[tokio::test]
async fn a_bot_that_reads_again_hears_what_is_new_and_each_time_of_it_is_told_once() {
    let (read, reads) = oneshot::channel();
    let (heard, hears) = oneshot::channel();
    let (mut line, bot) = meet(async move |mut bot| {
        reads.await.expect("it may read");
        let mut chunks = Vec::new();
        while let Some(Ok(Message::Text(text))) = bot.next().await {
            let told: serde_json::Value = serde_json::from_str(&text).unwrap();
            if told["event"] == "mark" {
                break;
            }
            chunks.extend(told["media"]["timestamp"].as_str().map(str::to_owned));
        }
        heard.send(chunks).expect("the test waits for it");
    })
    .await;
    let mut at_ms = 0;
    while !line.audio(&FRAME, at_ms) {
        written(&mut line);
        at_ms += 20;
        assert!(at_ms < FRAMES_MAX * 20, "nothing is ever too much");
    }
    // Said once, however long it lasts.
    for _ in 0..100 {
        at_ms += 20;
        assert!(!line.audio(&FRAME, at_ms));
        written(&mut line);
    }
    assert_eq!(line.counts().overrun_ms, 101 * 20);
    line.reached("end");
    read.send(()).unwrap();
    let chunks = tokio::select! {
        biased;
        chunks = hears => chunks.unwrap(),
        _ = next(&mut line) => panic!("nothing happens to the line"),
    };
    let newest = at_ms - 49 * 20;
    let expected: Vec<String> = (0..50).map(|n| (newest + n * 20).to_string()).collect();
    assert_eq!(chunks[chunks.len() - 50..], expected);
    bot.await.unwrap();
}

#[tokio::test]
async fn marks_that_come_back_together_cost_no_audio() {
    let (mut line, bot) = meet(async |mut bot| while bot.next().await.is_some() {}).await;
    for _ in 0..media::stream::MARKS_MAX {
        line.reached("word");
    }
    assert!(!line.audio(&FRAME, 0), "the bot reads: nothing is dropped");
    assert_eq!(line.counts().overrun_ms, 0);
    written(&mut line);
    bot.abort();
}

#[tokio::test]
async fn a_message_that_is_too_large_closes_the_connection_with_the_reason() {
    let (mut line, bot) = meet(async |mut bot| {
        let large = " ".repeat(MESSAGE_BYTES_MAX + 1);
        // It may be closed before all of it is written.
        let _ = bot.send(Message::text(large)).await;
        loop {
            match bot.next().await.expect("it is told why").unwrap() {
                Message::Close(Some(frame)) => return assert_eq!(frame.code, CloseCode::Policy),
                told => assert!(told.is_text(), "{told:?}"),
            }
        }
    })
    .await;
    let Happened::Event(Event::Closed { by, code, reason }) = next(&mut line).await else {
        panic!("it goes on")
    };
    assert_eq!((by, code), (StreamCloser::Edge, None));
    assert!(reason.contains("1048577 > 1048576"), "{reason}");
    over(&mut line).await;
    bot.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_answers_no_ping_is_given_up() {
    let (mut line, bot) = meet(async |bot| {
        // Nobody drives it: nothing is read, and no ping answered.
        std::future::pending::<()>().await;
        drop(bot);
    })
    .await;
    let Happened::Event(Event::Closed { by, code, reason }) = next(&mut line).await else {
        panic!("it goes on")
    };
    assert_eq!((by, code), (StreamCloser::Nobody, None));
    assert_eq!(reason, "no answer to a ping for 30 s");
    bot.abort();
    over(&mut line).await;
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_answers_pings_may_be_silent() {
    let (mut line, bot) = meet(async |mut bot| while bot.next().await.is_some() {}).await;
    let patience = std::time::Duration::from_secs(600);
    let waited = tokio::time::timeout(patience, next(&mut line)).await;
    assert!(waited.is_err(), "it goes on");
    bot.abort();
}

/// A line that is open, and what the bot at its other end does.
async fn meet<F, Does>(does: F) -> (Line, JoinHandle<()>)
where
    F: FnOnce(Bot) -> Does + Send + 'static,
    Does: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bot = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        does(accept_async(stream).await.unwrap()).await;
    });
    let transport = Transport::Tcp;
    let looking = Box::pin(async move { Ok(vec![search::Target { transport, address }]) });
    let target = Target::new(&format!("ws://{address}"), &[], looking, None).unwrap();
    let dialect = Dialect::Twilio(Twilio::new(Introduction::default()));
    let mut line = Line::new(LegId(1), dialect, target);
    match next(&mut line).await {
        Happened::Event(Event::Opened { .. }) => (line, bot),
        Happened::Event(event) => panic!("{event:?}"),
        Happened::Said(said) => panic!("{said:?}"),
    }
}

async fn next(line: &mut Line) -> Happened {
    poll_fn(|context| line.poll(context)).await
}

/// Writes what can be written now.
fn written(line: &mut Line) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(line.poll(&mut context).is_pending());
}

/// Until it can be forgotten.
async fn over(line: &mut Line) {
    poll_fn(|context| {
        let _ = line.poll(context);
        match line.is_over() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}
