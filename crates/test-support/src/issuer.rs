//! An OpenID provider on a loopback port that speaks the real interface and
//! misbehaves when it is told to.

mod account;
mod endpoints;
mod keys;
mod tokens;

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use domain::env::Env;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub use self::{
    account::{Account, Fault},
    keys::Signing,
    tokens::LogoutToken,
};
use self::{endpoints::Grant, keys::Key};

/// The one client that the issuer knows.
pub const CLIENT_ID: &str = "kombify";
/// The client's secret, asked for after [`FakeIssuer::ask_for_secret`].
pub const CLIENT_SECRET: &str = "a secret of the fake issuer's client";

/// How the client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientProof {
    /// It has no secret.
    #[default]
    None,
    /// HTTP Basic.
    Basic,
    /// In the form.
    Post,
}

/// What is wrong with the discovery document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiscoveryFault {
    /// Nothing.
    #[default]
    None,
    /// It names another issuer.
    ForeignIssuer,
    /// It is a redirect to a good one.
    Redirect,
    /// It is longer than anybody should read.
    Endless,
}

/// What the token endpoint says to a refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefreshAnswer {
    /// New tokens.
    #[default]
    Tokens,
    /// New tokens, with an ID token by nobody's key.
    ForgedIdToken,
    /// `invalid_grant`.
    InvalidGrant,
    /// `invalid_client`: a matter of settings, not of the person.
    InvalidClient,
    /// An error page with status 503.
    Unavailable,
}

/// The issuer; it stops when it is dropped.
pub struct FakeIssuer {
    shared: Arc<Shared>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// What the issuer's endpoints share.
pub(crate) struct Shared {
    issuer: String,
    env: Env,
    state: Mutex<State>,
    counts: Counts,
    held: watch::Sender<bool>,
}

#[derive(Default)]
struct Counts {
    discoveries: AtomicUsize,
    key_fetches: AtomicUsize,
    redeemed: AtomicUsize,
    refreshes: AtomicUsize,
    waiting: AtomicUsize,
}

struct State {
    key: Arc<Key>,
    rotation: usize,
    down: bool,
    proof: ClientProof,
    discovery: DiscoveryFault,
    refresh: RefreshAnswer,
    /// Seconds that tokens last.
    lifetime: i64,
    /// Sign-ins that were announced, by a number in the authorise URL.
    announced: HashMap<String, Account>,
    codes: HashMap<String, Grant>,
    access: HashMap<String, Grant>,
    /// Refresh tokens; one that was used stays here, marked, to notice its reuse.
    refreshing: HashMap<String, (Grant, bool)>,
    /// Every token, with what it is.
    issued: Vec<(&'static str, String)>,
    /// The PKCE verifiers that codes were redeemed with.
    verifiers: Vec<String>,
}

impl FakeIssuer {
    /// Starts an issuer with the time and randomness of `env`.
    pub async fn start(env: Env) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a loopback port is free");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            issuer: format!("http://{address}"),
            env,
            state: Mutex::new(State {
                key: Arc::new(Key::of_rotation(0)),
                rotation: 0,
                down: false,
                proof: ClientProof::None,
                discovery: DiscoveryFault::None,
                refresh: RefreshAnswer::Tokens,
                lifetime: 300,
                announced: HashMap::new(),
                codes: HashMap::new(),
                access: HashMap::new(),
                refreshing: HashMap::new(),
                issued: Vec::new(),
                verifiers: Vec::new(),
            }),
            counts: Counts::default(),
            held: watch::Sender::new(false),
        });
        let routes = endpoints::router(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            axum::serve(listener, routes)
                .await
                .expect("the issuer serves");
        });
        Self {
            shared,
            address,
            task,
        }
    }

    /// Its issuer URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.issuer
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Signs a person in as a browser would: follows the authorise URL and answers
    /// where the issuer sends the browser back to.
    ///
    /// # Panics
    /// When the issuer refuses the request: PKCE, state and so on are checked.
    pub async fn authorize(&self, authorize_url: &str, account: Account) -> String {
        let number = self.shared.env.secret();
        self.shared
            .state()
            .announced
            .insert(number.clone(), account);
        let answer = browser()
            .get(format!("{authorize_url}&{}={number}", endpoints::SIGN_IN))
            .send()
            .await
            .expect("the issuer answers");
        let status = answer.status();
        let location = answer
            .headers()
            .get("location")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        match location {
            Some(location) => location,
            None => {
                let reason = answer.text().await.unwrap_or_default();
                panic!("the issuer refused the sign-in with {status}: {reason}")
            }
        }
    }

    /// Puts a new key in use; the old one is gone from the key set.
    pub fn rotate_keys(&self) {
        let mut state = self.shared.state();
        state.rotation += 1;
        state.key = Arc::new(Key::of_rotation(state.rotation));
    }

    /// Answers everything with 503, or works again.
    pub fn set_down(&self, down: bool) {
        self.shared.state().down = down;
    }

    /// From now on the client has to prove itself.
    pub fn ask_for_secret(&self, proof: ClientProof) {
        self.shared.state().proof = proof;
    }

    /// Misbehaves at discovery.
    pub fn set_discovery(&self, fault: DiscoveryFault) {
        self.shared.state().discovery = fault;
    }

    /// Answers refreshes in this way.
    pub fn set_refresh(&self, answer: RefreshAnswer) {
        self.shared.state().refresh = answer;
    }

    /// Tokens last so many seconds.
    pub fn set_lifetime(&self, seconds: i64) {
        self.shared.state().lifetime = seconds;
    }

    /// Makes the token endpoint wait, or lets it go on. A request that waits is
    /// counted by [`Self::waiting`].
    pub fn hold_tokens(&self, hold: bool) {
        self.shared.held.send_replace(hold);
    }

    /// A logout token.
    #[must_use]
    pub fn logout_token(&self, token: &LogoutToken) -> String {
        let key = Arc::clone(&self.shared.state().key);
        tokens::logout_token(
            token,
            self.url(),
            self.shared.now(),
            &self.shared.env.secret(),
            &key,
        )
    }

    /// Every token that it issued: `access token`, `ID token` or `refresh token`, and
    /// the token.
    #[must_use]
    pub fn issued(&self) -> Vec<(&'static str, String)> {
        self.shared.state().issued.clone()
    }

    /// The PKCE verifiers that codes were redeemed with, well or not.
    #[must_use]
    pub fn verifiers(&self) -> Vec<String> {
        self.shared.state().verifiers.clone()
    }

    /// How often the discovery document was read.
    #[must_use]
    pub fn discoveries(&self) -> usize {
        self.shared.counts.discoveries.load(Ordering::SeqCst)
    }

    /// How often the key set was read.
    #[must_use]
    pub fn key_fetches(&self) -> usize {
        self.shared.counts.key_fetches.load(Ordering::SeqCst)
    }

    /// How many codes were redeemed, well or not.
    #[must_use]
    pub fn redeemed(&self) -> usize {
        self.shared.counts.redeemed.load(Ordering::SeqCst)
    }

    /// How many refreshes were asked for, granted or not.
    #[must_use]
    pub fn refreshes(&self) -> usize {
        self.shared.counts.refreshes.load(Ordering::SeqCst)
    }

    /// How many requests wait at the token endpoint.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.counts.waiting.load(Ordering::SeqCst)
    }
}

impl Drop for FakeIssuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since 1970.
    fn now(&self) -> i64 {
        self.env.now().0.div_euclid(1000)
    }
}

/// A client that follows no redirect, as a test wants to see each.
fn browser() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client")
}
