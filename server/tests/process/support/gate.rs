//! Stands between a server and its database, and can shut: connections break, and new
//! ones are refused, as when PostgreSQL is stopped.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::place::port;

pub(crate) struct Gate {
    port: u16,
    behind: String,
    open: Option<JoinSet<()>>,
}

impl Gate {
    /// An open gate before this `host:port`.
    pub(crate) async fn before(behind: &str) -> Self {
        let mut gate = Self {
            port: port(),
            behind: behind.to_owned(),
            open: None,
        };
        gate.open().await;
        gate
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) async fn open(&mut self) {
        let listener = TcpListener::bind(self.address()).await.expect("the port");
        let behind = self.behind.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // Dropped with this task: connections end when the gate shuts.
            let mut connections = JoinSet::new();
            loop {
                let (mut near, _) = listener.accept().await.expect("a connection");
                let behind = behind.clone();
                connections.spawn(async move {
                    let mut far = TcpStream::connect(behind).await.expect("the database");
                    // Either side may end it as it likes.
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        self.open = Some(tasks);
    }

    pub(crate) async fn shut(&mut self) {
        if let Some(mut tasks) = self.open.take() {
            tasks.shutdown().await;
        }
    }
}
