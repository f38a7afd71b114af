//! An OTLP receiver: HTTP with protobuf (`POST /v1/traces`), in as good a mood as the test wants.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::phone;
use crate::serve::PATIENCE;

/// How a request is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// 200.
    Takes,
    /// 503, as a collector says that starts or is overloaded.
    Refuses,
    /// It reads, and never answers.
    Hangs,
}

/// A receiver on a port of its own.
pub struct Receiver {
    address: SocketAddr,
    mood: Arc<AtomicU8>,
    requests: mpsc::Receiver<Request>,
    /// The spans that were taken and belong to no finished trace yet.
    taken: BTreeMap<Vec<u8>, Vec<Span>>,
    machinery: BTreeSet<String>,
    bodies: Vec<Vec<u8>>,
    _nobody: UdpSocket,
}

struct Request {
    head: String,
    body: Vec<u8>,
    taken: bool,
}

impl Receiver {
    pub fn start(mood: Mood) -> Receiver {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mood = Arc::new(AtomicU8::new(mood as u8));
        let (told, requests) = mpsc::channel();
        let shown = Arc::clone(&mood);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (told, mood) = (told.clone(), Arc::clone(&shown));
                std::thread::spawn(move || serve(connection, &mood, &told));
            }
        });
        Receiver {
            address,
            mood,
            requests,
            taken: BTreeMap::new(),
            machinery: BTreeSet::new(),
            bodies: Vec::new(),
            _nobody: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
        }
    }

    /// What to write as `telemetry.otlp`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// An address of which nobody speaks SIP.
    pub fn nobody(&self) -> SocketAddr {
        self._nobody.local_addr().unwrap()
    }

    pub fn set(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::Release);
    }

    /// Waits until so many more requests have come, whatever their answer was.
    pub fn was_asked(&mut self, times: usize) {
        for _ in 0..times {
            self.next();
        }
    }

    /// Waits for the next trace whose root has arrived, and gives all its spans.
    pub fn trace(&mut self) -> Vec<Span> {
        let over = |spans: &[Span]| spans.iter().any(|span| span.name == "call");
        loop {
            let whole = self.taken.iter().find(|(_, spans)| over(spans));
            if let Some(id) = whole.map(|(id, _)| id.clone()) {
                return self.taken.remove(&id).unwrap_or_default();
            }
            self.next();
        }
    }

    /// Holds everything that came against what the phones said of people.
    pub fn told_nothing_personal(&self) {
        for body in &self.bodies {
            let text = String::from_utf8_lossy(body);
            for word in phone::PERSONAL {
                assert!(!text.contains(word), "a trace tells {word:?}");
            }
        }
    }

    /// The names of the spans that are no calls'.
    pub fn told_of_the_machinery(&self) -> &BTreeSet<String> {
        &self.machinery
    }

    fn next(&mut self) {
        let request = self.requests.recv_timeout(PATIENCE);
        let request = request.expect("the receiver is sent spans");
        assert!(
            request.head.starts_with("POST /v1/traces HTTP/1.1\r\n"),
            "{}",
            request.head
        );
        assert!(
            request
                .head
                .contains("content-type: application/x-protobuf"),
            "{}",
            request.head
        );
        let sent = ExportTraceServiceRequest::decode(&*request.body).expect("it is OTLP");
        for spans in &sent.resource_spans {
            let resource = spans.resource.as_ref().expect("spans have a resource");
            let named = resource
                .attributes
                .iter()
                .any(|one| one.key == "service.name");
            assert!(named, "{resource:?}");
        }
        if request.taken {
            let resources = sent.resource_spans.into_iter();
            for scope in resources.flat_map(|resource| resource.scope_spans) {
                let name = scope.scope.map_or_else(String::new, |scope| scope.name);
                match &*name {
                    "trunkline.calls" => scope.spans.into_iter().for_each(|span| {
                        let trace = self.taken.entry(span.trace_id.clone());
                        trace.or_default().push(span);
                    }),
                    "trunkline.machinery" => {
                        let names = scope.spans.into_iter().map(|span| span.name);
                        self.machinery.extend(names);
                    }
                    other => panic!("who is {other:?}?"),
                }
            }
        }
        self.bodies.push(request.body);
    }
}

fn serve(connection: TcpStream, mood: &AtomicU8, told: &mpsc::Sender<Request>) {
    let mut answer = connection.try_clone().unwrap();
    let mut reader = BufReader::new(connection);
    while let Some((head, body)) = read(&mut reader) {
        let now = mood.load(Ordering::Acquire);
        let taken = now == Mood::Takes as u8;
        if told.send(Request { head, body, taken }).is_err() {
            return;
        }
        let status = match now {
            mood if mood == Mood::Takes as u8 => "200 OK",
            mood if mood == Mood::Refuses as u8 => "503 Service Unavailable",
            _ => continue,
        };
        let answered = write!(answer, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        if answered.is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}
