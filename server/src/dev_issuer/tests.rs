//! The development issuer over real HTTP, with kombify's own client and without.

use std::{net::SocketAddr, sync::Arc};

use adapters::oidc::{OidcProvider, OidcSettings};
use axum::{Form, Router, extract::State, http::StatusCode, routing::post};
use domain::{
    env::{Env, MovableClock},
    ports::{IdentityProvider as _, SignInStart, VerifiedIdentity},
};
use openidconnect::url::Url;
use reqwest::redirect::Policy;
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use types::ErrorCode;

const CLIENT: &str = "kombify-development";

struct Bench {
    origin: String,
    provider: OidcProvider,
    clock: MovableClock,
    browser: reqwest::Client,
    sessions: tempfile::TempDir,
    logouts: mpsc::UnboundedReceiver<String>,
    task: JoinHandle<()>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(serde::Deserialize)]
struct Notice {
    logout_token: String,
}

async fn take_logout(
    State(sender): State<mpsc::UnboundedSender<String>>,
    Form(notice): Form<Notice>,
) {
    sender.send(notice.logout_token).expect("the test listens");
}

impl Bench {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let sessions = tempfile::tempdir().expect("a temporary folder");
        Self::start(listener, sessions).await
    }

    /// The same issuer in a new process.
    async fn restarted(mut self) -> Self {
        let address = self.origin.trim_start_matches("http://").to_owned();
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let sessions = std::mem::replace(&mut self.sessions, elsewhere);
        self.task.abort();
        assert!((&mut self.task).await.expect_err("stopped").is_cancelled());
        drop(self);
        let listener = TcpListener::bind(address).await.expect("the same port");
        Self::start(listener, sessions).await
    }

    async fn start(listener: TcpListener, sessions: tempfile::TempDir) -> Self {
        let clock = MovableClock::default();
        let env = Env::with_clock(Arc::new(clock.clone()));
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let issuer = format!("{origin}/dev/issuer");
        let (sender, logouts) = mpsc::unbounded_channel();
        let kombify = Router::new()
            .route("/auth/backchannel-logout", post(take_logout))
            .with_state(sender);
        let routes = super::router(
            issuer.clone(),
            CLIENT.to_owned(),
            origin.clone(),
            &[7; 32],
            sessions.path().join("sessions.json"),
            env.clone(),
        )
        .expect("a router")
        .merge(kombify)
        .into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("served");
        });
        let settings = OidcSettings {
            issuer,
            client_id: CLIENT.to_owned(),
            client_secret: None,
            scopes: ["profile", "email", "offline_access"]
                .map(str::to_owned)
                .into(),
        };
        let provider = OidcProvider::new(settings, env).expect("a provider");
        let browser = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .expect("a browser");
        Self {
            origin,
            provider,
            clock,
            browser,
            sessions,
            logouts,
            task,
        }
    }

    fn callback(&self) -> String {
        format!("{}/auth/callback", self.origin)
    }

    async fn begin(&self) -> SignInStart {
        self.provider
            .begin(&self.callback())
            .await
            .expect("discovery")
    }

    /// Presses an account's button; where the browser is sent.
    async fn choose(&self, start: &SignInStart, account: &str) -> Url {
        let url = Url::parse(&start.authorize_url).expect("a URL");
        let mut fields: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        fields.push(("account".to_owned(), account.to_owned()));
        let answer = self
            .browser
            .post(format!("{}/dev/issuer/authorize", self.origin))
            .form(&fields)
            .send()
            .await
            .expect("an answer");
        location(&answer).expect("sent on")
    }

    async fn sign_in(&self, account: &str) -> VerifiedIdentity {
        let start = self.begin().await;
        let back = self.choose(&start, account).await;
        let code = field(&back, "code").expect("a code");
        self.provider
            .redeem(&code, &start.secrets, &self.callback())
            .await
            .expect("signed in")
    }

    async fn get(&self, url: &str) -> reqwest::Response {
        self.browser.get(url).send().await.expect("an answer")
    }
}

fn location(answer: &reqwest::Response) -> Option<Url> {
    let value = answer.headers().get("location")?.to_str().ok()?;
    Url::parse(value).ok()
}

fn field(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

#[tokio::test]
async fn each_account_signs_in_with_its_role_in_the_one_organisation() {
    let bench = Bench::new().await;
    for (key, role) in [
        ("owner", "admin"),
        ("member", "member"),
        ("viewer", "viewer"),
        ("operator", "operator"),
    ] {
        let identity = bench.sign_in(key).await;
        assert_eq!(identity.issuer, format!("{}/dev/issuer", bench.origin));
        assert_eq!(identity.subject, format!("dev-{key}"));
        assert_eq!(identity.email, Some(format!("{key}@example.test")));
        assert_eq!(identity.home_organisation.as_deref(), Some("dev-org"));
        assert_eq!(identity.roles.len(), 1);
        assert_eq!(identity.roles[role], ["dev-org"]);
    }
}

#[tokio::test]
async fn the_page_has_four_buttons_no_script_and_its_own_policy() {
    let bench = Bench::new().await;
    let answer = bench.get(&bench.begin().await.authorize_url).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        policy.contains(&format!("form-action 'self' {};", bench.origin)),
        "{policy}"
    );
    let page = answer.text().await.expect("a page");
    assert_eq!(page.matches("<button").count(), 4);
    assert!(!page.contains("<script"), "{page}");
}

#[tokio::test]
async fn a_hint_picks_the_account_with_prompt_none_only() {
    let bench = Bench::new().await;
    let url = bench.begin().await.authorize_url;
    let shown = bench.get(&format!("{url}&login_hint=owner")).await;
    assert_eq!(shown.status(), StatusCode::OK);
    let silent = bench
        .get(&format!("{url}&prompt=none&login_hint=owner"))
        .await;
    assert!(field(&location(&silent).expect("sent on"), "code").is_some());
    let nobody = bench.get(&format!("{url}&prompt=none")).await;
    let nobody = location(&nobody).expect("sent on");
    assert_eq!(field(&nobody, "error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn pkce_state_and_the_registered_address_are_demanded() {
    let bench = Bench::new().await;
    let good = bench.begin().await.authorize_url;
    for (name, value, told) in [
        ("code_challenge_method", "plain", Some("invalid_request")),
        ("code_challenge", "", Some("invalid_request")),
        ("state", "", Some("invalid_request")),
        ("response_type", "token", Some("unsupported_response_type")),
        ("scope", "profile", Some("invalid_scope")),
        ("client_id", "another", None),
        (
            "redirect_uri",
            "https://evil.example.test/auth/callback",
            None,
        ),
        ("redirect_uri", &format!("{}/elsewhere", bench.origin), None),
    ] {
        let mut url = Url::parse(&good).expect("a URL");
        let fields: Vec<(String, String)> = url
            .query_pairs()
            .into_owned()
            .map(|(key, old)| {
                if key == name {
                    (key, value.to_owned())
                } else {
                    (key, old)
                }
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(fields);
        let answer = bench.get(url.as_str()).await;
        match told {
            Some(code) => {
                let back = location(&answer).expect("sent back");
                assert_eq!(
                    field(&back, "error").as_deref(),
                    Some(code),
                    "{name}={value}"
                );
            }
            None => assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{name}={value}"),
        }
    }
}

#[tokio::test]
async fn a_code_works_once_for_a_minute_and_with_its_verifier() {
    let bench = Bench::new().await;
    let redeem = async |start: &SignInStart, code: &str| {
        bench
            .provider
            .redeem(code, &start.secrets, &bench.callback())
            .await
    };
    let start = bench.begin().await;
    let code = field(&bench.choose(&start, "owner").await, "code").expect("a code");
    let tokens = redeem(&start, &code).await.expect("the first time").tokens;
    assert!(redeem(&start, &code).await.is_err(), "a second time");
    // The code was stolen by somebody: the session that came of it has ended.
    let refresh = tokens.refresh_token.expect("a refresh token");
    assert!(bench.provider.refresh(&refresh).await.is_err());

    let start = bench.begin().await;
    let code = field(&bench.choose(&start, "owner").await, "code").expect("a code");
    assert!(
        redeem(&bench.begin().await, &code).await.is_err(),
        "another verifier"
    );

    let start = bench.begin().await;
    let code = field(&bench.choose(&start, "owner").await, "code").expect("a code");
    bench.clock.advance(61);
    assert!(redeem(&start, &code).await.is_err(), "after 61 s");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_reuse_ends_the_session() {
    let bench = Bench::new().await;
    let first = bench
        .sign_in("member")
        .await
        .tokens
        .refresh_token
        .expect("a refresh token");
    let renewed = bench.provider.refresh(&first).await.expect("renewed");
    let second = renewed.refresh_token.expect("a refresh token");
    assert_ne!(first, second);
    let third = bench
        .provider
        .refresh(&second)
        .await
        .expect("renewed again");
    let reuse = bench.provider.refresh(&first).await.expect_err("reused");
    assert_eq!(reuse.code(), ErrorCode::Unauthenticated);
    let third = third.refresh_token.expect("a refresh token");
    assert!(
        bench.provider.refresh(&third).await.is_err(),
        "the session has ended"
    );
}

#[tokio::test]
async fn a_restart_signs_nobody_out_and_still_notices_reuse() {
    let bench = Bench::new().await;
    let first = bench.sign_in("owner").await.tokens.refresh_token;
    let first = first.expect("a refresh token");
    let renewed = bench.provider.refresh(&first).await.expect("renewed");
    let second = renewed.refresh_token.expect("a refresh token");

    let bench = bench.restarted().await;

    let renewed = bench.provider.refresh(&second).await.expect("renewed");
    let third = renewed.refresh_token.expect("a refresh token");
    let reuse = bench.provider.refresh(&first).await.expect_err("reused");
    assert_eq!(reuse.code(), ErrorCode::Unauthenticated);
    assert!(
        bench.provider.refresh(&third).await.is_err(),
        "reuse ended the session"
    );
    let kept = std::fs::read_to_string(bench.sessions.path().join("sessions.json"));
    let kept = kept.expect("the file");
    assert!(!kept.contains(&second) && !kept.contains(&third), "{kept}");
}

#[tokio::test]
async fn userinfo_takes_a_living_access_token() {
    let bench = Bench::new().await;
    let tokens = bench.sign_in("viewer").await.tokens;
    let ask = async |token: &str| {
        let url = format!("{}/dev/issuer/userinfo", bench.origin);
        bench
            .browser
            .get(url)
            .bearer_auth(token)
            .send()
            .await
            .expect("an answer")
    };
    let said: serde_json::Value = ask(&tokens.access_token)
        .await
        .json()
        .await
        .expect("claims");
    assert_eq!(said["sub"], "dev-viewer");
    assert_eq!(ask("made-up").await.status(), StatusCode::UNAUTHORIZED);
    bench.clock.advance(3_601);
    assert_eq!(
        ask(&tokens.access_token).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn sign_out_ends_the_session_tells_kombify_and_returns() {
    let mut bench = Bench::new().await;
    let identity = bench.sign_in("owner").await;
    let id_token = identity.tokens.id_token.expect("an ID token");
    let home = format!("{}/", bench.origin);
    let url = bench
        .provider
        .end_session_url(Some(&id_token), &home)
        .await
        .expect("a URL");
    let answer = bench.get(&url).await;
    assert_eq!(location(&answer).map(String::from), Some(home));
    let notice = bench.logouts.try_recv().expect("kombify was told before");
    let notice = bench
        .provider
        .verify_logout(&notice)
        .await
        .expect("a valid logout token");
    assert_eq!(notice.subject.as_deref(), Some("dev-owner"));
    assert_eq!(notice.sid, identity.sid);
    let refresh = identity.tokens.refresh_token.expect("a refresh token");
    assert!(bench.provider.refresh(&refresh).await.is_err());
}

#[tokio::test]
async fn sign_out_never_returns_to_another_site() {
    let bench = Bench::new().await;
    let id_token = bench
        .sign_in("owner")
        .await
        .tokens
        .id_token
        .expect("an ID token");
    for elsewhere in [
        "https://evil.example.test/",
        "//evil.example.test/",
        "javascript:alert(1)",
    ] {
        let url = format!("{}/dev/issuer/end_session", bench.origin);
        let query = [
            ("id_token_hint", id_token.as_str()),
            ("post_logout_redirect_uri", elsewhere),
        ];
        let answer = bench
            .browser
            .get(url)
            .query(&query)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{elsewhere}");
    }
    let without = bench
        .get(&format!("{}/dev/issuer/end_session", bench.origin))
        .await;
    assert_eq!(without.status(), StatusCode::OK);
}

#[tokio::test]
async fn other_machines_get_nothing() {
    let bench = Bench::new().await;
    let url = format!("{}/dev/issuer/keys", bench.origin);
    assert_eq!(bench.get(&url).await.status(), StatusCode::OK);
    for (name, value) in [
        ("host", "rebound.example.test"),
        ("x-forwarded-for", "192.0.2.1"),
        ("forwarded", "for=192.0.2.1"),
    ] {
        let answer = bench.browser.get(&url).header(name, value).send().await;
        assert_eq!(
            answer.expect("an answer").status(),
            StatusCode::NOT_FOUND,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_peer_that_is_not_this_machine_gets_nothing() {
    use axum::{body::Body, extract::ConnectInfo, http::Request};
    use tower::ServiceExt as _;

    let issuer = "http://127.0.0.1:4000/dev/issuer".to_owned();
    let origin = "http://127.0.0.1:4000".to_owned();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sessions = folder.path().join("sessions.json");
    let client = CLIENT.to_owned();
    let routes = super::router(issuer, client, origin, &[7; 32], sessions, Env::system());
    let routes = routes.expect("a router");
    for (peer, status) in [
        (Some("127.0.0.1:5000"), StatusCode::OK),
        (Some("[::1]:5000"), StatusCode::OK),
        (Some("192.0.2.1:5000"), StatusCode::NOT_FOUND),
        (None, StatusCode::NOT_FOUND),
    ] {
        let mut request = Request::get("/dev/issuer/keys")
            .header("host", "127.0.0.1:4000")
            .body(Body::empty())
            .expect("a request");
        if let Some(peer) = peer {
            let peer: SocketAddr = peer.parse().expect("an address");
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let answer = routes.clone().oneshot(request).await.expect("infallible");
        assert_eq!(answer.status(), status, "{peer:?}");
    }
}
