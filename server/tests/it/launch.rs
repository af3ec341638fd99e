//! The hand-over of a launch: its code, and what it leaves behind.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::join_all;
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use test_support::issuer::Account;
use tracing_subscriber::{
    EnvFilter,
    fmt::{MakeWriter, format::FmtSpan},
};

use crate::support::{
    Browser, Setup, TestApp, code, json as body, location, on_both, parameter, path_of,
};

const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more-as-pkce-wants";

/// Ada with Harbour, launched once.
async fn launched(app: &TestApp) -> Browser<'_> {
    app.work().await;
    let ada = app.browser();
    ada.sign_in(Account::complete("ada")).await;
    ada.put(Method::POST, "/api/tenant", &json!({ "name": "Harbour" }))
        .await;
    ada.launch("harbour").await;
    ada
}

fn authorize(app: &TestApp) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    format!(
        "/launch/authorize?client=local&tenant=harbour&redirect_uri={}%2Fsso%2Fcallback&state=s&code_challenge={challenge}&code_challenge_method=S256",
        app.address
    )
}

async fn new_code(app: &TestApp, browser: &Browser<'_>) -> String {
    let answer = browser.get(&authorize(app)).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    parameter(&location(&answer), "code")
}

/// What an instance redeems a code with.
struct Redeem {
    verifier: &'static str,
    client: &'static str,
    path: &'static str,
}

const RIGHT: Redeem = Redeem {
    verifier: VERIFIER,
    client: "local",
    path: "/sso/callback",
};

async fn redeem(app: &TestApp, code: &str, with: &Redeem) -> Response {
    let wanted = json!({
        "code": code,
        "code_verifier": with.verifier,
        "redirect_uri": format!("{}{}", app.address, with.path),
        "client": with.client,
    });
    app.request(Method::POST, "/api/internal/launch/redeem")
        .json(&wanted)
        .send()
        .await
        .expect("an answer")
}

async fn is_burned(app: &TestApp, code: &str, with: &Redeem) {
    let wrong = redeem(app, code, with).await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    assert_eq!(self::code(wrong).await, "hand_over_refused");
    let again = redeem(app, code, &RIGHT).await;
    assert_eq!(again.status(), StatusCode::BAD_REQUEST, "it was not burned");
}

#[tokio::test]
async fn a_launch_that_nothing_carries_on_is_ended() {
    // Nothing works on it.
    let app = TestApp::with_issuer().await;
    let ada = app.browser();
    ada.sign_in(Account::complete("ada")).await;
    ada.put(Method::POST, "/api/tenant", &json!({ "name": "Harbour" }))
        .await;
    let wanted = json!({ "tenant": "harbour" });
    let begun = body(ada.put(Method::POST, "/api/tenant/launch", &wanted).await).await;
    let path = format!(
        "/api/tenant/launch/{}",
        begun["id"].as_str().expect("an id")
    );
    let look = async || {
        app.services.portal.launches.sweep().await.expect("swept");
        body(ada.get(&path).await).await
    };
    app.clock.advance(9 * 60);
    assert_eq!(look().await["ended"], false);
    app.clock.advance(2 * 60);
    let ended = look().await;
    assert_eq!(ended["ended"], true);
    let why = ended["failure"].as_str().expect("why");
    assert!(why.contains("no worker takes it"), "{why}");
}

async fn case_23_of_fifty_redeems_at_once_one_succeeds(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let ada = launched(&app).await;
    let code = new_code(&app, &ada).await;
    let answers = join_all((0..50).map(|_| redeem(&app, &code, &RIGHT))).await;
    let with = |wanted: StatusCode| {
        let statuses = answers.iter().map(Response::status);
        statuses.filter(|status| *status == wanted).count()
    };
    assert_eq!(with(StatusCode::OK), 1);
    assert_eq!(with(StatusCode::BAD_REQUEST), 49);
    assert_eq!(
        redeem(&app, &code, &RIGHT).await.status(),
        StatusCode::BAD_REQUEST
    );
}

on_both!(case_23_of_fifty_redeems_at_once_one_succeeds);

#[tokio::test]
async fn a_code_is_worth_nothing_at_an_instance_that_the_tenant_has_left() {
    let app = TestApp::with_issuer().await;
    let ada = launched(&app).await;
    app.change("UPDATE tenant SET launched_at = NULL").await;
    let code = new_code(&app, &ada).await;
    // Meanwhile it is put on another instance, and launched there by somebody else.
    app.change("INSERT INTO instance SELECT randomblob(16), 'distant', region, provisioner, status, max_tenants, 1, deployment_mode, internal_endpoint, public_endpoint, next_check_at, created_at, updated_at FROM instance")
        .await;
    app.change("UPDATE tenant SET launched_at = 1, instance_id = (SELECT id FROM instance WHERE name = 'distant')")
        .await;
    let refused = redeem(&app, &code, &RIGHT).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let refused = body(refused).await;
    assert_eq!(refused["code"], "hand_over_refused");
    // Everything else about the code is right.
    let said = refused["detail"].to_string();
    assert!(said.contains("placed on another instance"), "{said}");
}

#[tokio::test]
async fn case_24_a_code_is_burned_by_a_wrong_verifier_audience_or_address() {
    let app = TestApp::with_issuer().await;
    let ada = launched(&app).await;
    for wrong in [
        Redeem {
            verifier: "another-verifier",
            ..RIGHT
        },
        Redeem {
            client: "another-instance",
            ..RIGHT
        },
        Redeem {
            path: "/sso/callback/",
            ..RIGHT
        },
    ] {
        let code = new_code(&app, &ada).await;
        is_burned(&app, &code, &wrong).await;
    }
}

#[tokio::test]
async fn case_24_a_code_lives_for_a_minute() {
    let app = TestApp::with_issuer().await;
    let ada = launched(&app).await;
    let code = new_code(&app, &ada).await;
    app.clock.advance(58);
    assert_eq!(redeem(&app, &code, &RIGHT).await.status(), StatusCode::OK);
    let code = new_code(&app, &ada).await;
    app.clock.advance(61);
    is_burned(&app, &code, &RIGHT).await;
}

#[tokio::test]
async fn case_24_a_code_is_for_its_instance_and_address_only() {
    let app = TestApp::with_issuer().await;
    let ada = launched(&app).await;
    let good = authorize(&app);
    for (part, wrong) in [
        ("client=local", "client=another"),
        ("%2Fsso%2Fcallback", "%2Fsso%2Fcallback%2F..%2Fevil"),
        (app.address.as_str(), "https://evil.test"),
        ("S256", "plain"),
        ("code_challenge=", "code_challenge=short&x="),
    ] {
        let asked = good.replacen(part, wrong, 1);
        assert_ne!(asked, good);
        let answer = ada.get(&asked).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{asked}");
        assert!(!answer.headers().contains_key(header::LOCATION), "{asked}");
    }
    // Nobody signed in: first that, and no code for a stranger.
    let nobody = app.get(&good, "").await;
    assert_eq!(nobody.status(), StatusCode::SEE_OTHER);
    assert!(location(&nobody).starts_with("/auth/sign-in?"));
    let ben = app.browser();
    ben.sign_in(Account::complete("ben")).await;
    assert_eq!(ben.get(&good).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_code_is_worth_nothing_once_its_person_signed_out() {
    let app = TestApp::with_issuer().await;
    let ada = launched(&app).await;
    let code = new_code(&app, &ada).await;
    ada.put(Method::POST, "/auth/sign-out", &json!({})).await;
    is_burned(&app, &code, &RIGHT).await;
}

#[tokio::test]
async fn a_hand_over_belongs_to_the_browser_that_began_it() {
    let app = TestApp::with_issuer().await;
    let ada = launched(&app).await;
    // Ada's way up to the callback, whose address somebody else opens.
    let start = ada.get("/sso/start?tenant=harbour").await;
    let to_portal = ada.get(&path_of(&location(&start))).await;
    let callback = path_of(&location(&to_portal));
    let other = app.browser();
    assert_eq!(other.get(&callback).await.status(), StatusCode::BAD_REQUEST);
    other.get("/sso/start?tenant=harbour").await;
    assert_eq!(other.get(&callback).await.status(), StatusCode::BAD_REQUEST);
    // It is still Ada's, within ten minutes.
    assert_eq!(ada.get(&callback).await.status(), StatusCode::SEE_OTHER);
}

/// Every line that is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Lines {
    /// What this process logs from now on, other tests' lines among it. More than a
    /// deployment logs: everything of ours, and spans as they open and close.
    fn of_this_process() -> Self {
        static LINES: OnceLock<Lines> = OnceLock::new();
        let lines = LINES.get_or_init(|| {
            let lines = Self::default();
            let filter = "info,server=trace,domain=trace,adapters=trace,jobs=trace,app=trace";
            tracing_subscriber::fmt()
                .with_env_filter(EnvFilter::new(filter))
                .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
                .with_writer(lines.clone())
                .json()
                .init();
            lines
        });
        lines.clone()
    }

    fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&lines).into_owned()
    }
}

/// Kinds of secrets that stand in no address at all.
const HIDDEN: [&str; 5] = ["assertion", "session", "token", "transaction", "verifier"];

/// The PKCE verifier that a hand-over's cookie holds, sealed.
fn verifier_in(app: &TestApp, transaction: &str) -> String {
    let sealed = URL_SAFE_NO_PAD.decode(transaction).expect("base64");
    let opened = app.vault().open("sso_tx", &sealed);
    let opened = opened.expect("sealed by this application");
    let transaction: Value = serde_json::from_slice(&opened).expect("JSON");
    let verifier = transaction["verifier"].as_str();
    verifier.expect("a verifier").to_owned()
}

/// What the provider gave and got at a sign-in, out of the browser's sight.
fn at_the_provider(app: &TestApp) -> Vec<(&'static str, String)> {
    let mut secrets = app.issuer().issued();
    for kind in ["access token", "ID token", "refresh token"] {
        assert!(secrets.iter().any(|(what, _)| *what == kind), "no {kind}");
    }
    let verifier = app.issuer().verifiers().pop();
    secrets.push(("sign-in verifier", verifier.expect("a verifier")));
    secrets
}

/// A code that the test redeems as an instance does, for the assertion that it gives.
async fn redeemed(app: &TestApp, browser: &Browser<'_>) -> [(&'static str, String); 3] {
    let code = new_code(app, browser).await;
    let answer = redeem(app, &code, &RIGHT).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let answer = body(answer).await;
    let assertion = answer["assertion"].as_str().expect("an assertion");
    [
        ("redeemed code", code),
        ("redeemed verifier", VERIFIER.to_owned()),
        ("launch assertion", assertion.to_owned()),
    ]
}

/// The secret of a set-up link that somebody opened.
async fn opened_set_up_link(app: &TestApp, browser: &Browser<'_>) -> String {
    let link = app.services.portal.set_up.link().await.expect("a link");
    let path = path_of(&link.expect("no operator yet"));
    assert_eq!(browser.get(&path).await.status(), StatusCode::OK);
    path.rsplit('/').next().expect("a secret").to_owned()
}

#[tokio::test]
async fn case_25_no_code_and_no_token_is_left_behind() {
    let lines = Lines::of_this_process();
    let app = TestApp::with_issuer().await;
    app.work().await;
    let ada = app.browser();
    let callback = ada.begin(Account::complete("ada")).await;
    let transaction = ada.cookie("kombify-sign-in");
    let signed_in = ada.follow(&callback).await;
    let mut secrets = vec![
        ("sign-in code", parameter(&callback, "code")),
        ("sign-in state", parameter(&callback, "state")),
        ("sign-in transaction", transaction),
        ("session", ada.cookie("kombify")),
    ];
    secrets.extend(at_the_provider(&app));
    ada.put(Method::POST, "/api/tenant", &json!({ "name": "Harbour" }))
        .await;
    let launch = ada.launch("harbour").await;
    let returned = launch
        .iter()
        .find(|step| step.address.contains("/sso/callback"))
        .expect("a callback");
    let asked = launch
        .iter()
        .find(|step| step.address.contains("/launch/authorize"))
        .expect("a request for a code");
    let (hand_over, _) = launch
        .iter()
        .find_map(|step| step.set_cookie("sso_tx"))
        .expect("a hand-over");
    secrets.extend([
        ("hand-over transaction", hand_over.to_owned()),
        ("launch verifier", verifier_in(&app, hand_over)),
        ("launch code", parameter(&returned.address, "code")),
        ("launch state", parameter(&returned.address, "state")),
        ("challenge", parameter(&asked.address, "code_challenge")),
        ("stack session", ada.cookie("kombify-stack-harbour")),
    ]);
    secrets.extend(redeemed(&app, &ada).await);
    secrets.push(("set-up link", opened_set_up_link(&app, &ada).await));
    let invitation = ada
        .put(
            Method::POST,
            "/api/tenant/harbour/invitations",
            &json!({ "role": "viewer" }),
        )
        .await;
    let url = body(invitation).await["url"]
        .as_str()
        .expect("a link")
        .to_owned();
    let secret = url.rsplit('/').next().expect("a secret").to_owned();
    app.get(&path_of(&url), "").await;
    secrets.push(("invitation", secret));
    let token = json!({ "name": "x", "scopes": ["read"], "days": 1 });
    let token = body(ada.put(Method::POST, "/api/tokens", &token).await).await;
    let token = token["secret"].as_str().expect("a secret").to_owned();
    let used = app.request(Method::GET, "/api/tenant").bearer_auth(&token);
    assert_eq!(
        used.send().await.expect("an answer").status(),
        StatusCode::OK
    );
    secrets.push(("API token", token));

    let logged = lines.text();
    assert!(logged.contains("\"url.path\":\"/sso/callback\""));
    for (what, secret) in &secrets {
        assert!(secret.len() >= 20, "{what}: {secret}");
        assert!(
            !logged.contains(secret.as_str()),
            "the log holds the {what}"
        );
    }
    let mut secret_addresses = 0;
    for step in signed_in.iter().chain(&launch) {
        let onward = step.headers.get(header::LOCATION);
        let onward = onward.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let holds = |text: &str| {
            secrets
                .iter()
                .any(|(_, secret)| text.contains(secret.as_str()))
        };
        if holds(&step.address) || holds(onward) {
            secret_addresses += 1;
            assert_eq!(
                step.headers[header::REFERRER_POLICY],
                "no-referrer",
                "{step:?}"
            );
            assert_eq!(step.headers[header::CACHE_CONTROL], "no-store", "{step:?}");
            // An address with a secret is never a page: it is not kept in the history.
            assert!(step.status.is_redirection(), "{step:?}");
        }
        // Nor is a token ever in an address, or what proves that a code is one's own.
        for (what, secret) in &secrets {
            let is_hidden = HIDDEN.iter().any(|kind| what.contains(*kind));
            assert!(
                !is_hidden || !format!("{} {onward}", step.address).contains(secret.as_str()),
                "an address holds the {what}"
            );
        }
    }
    assert!(secret_addresses >= 4, "{secret_addresses}");
    let end = signed_in.last().into_iter().chain(launch.last());
    assert_eq!(
        end.map(|step| path_of(&step.address)).collect::<Vec<_>>(),
        ["/kits", "/tenant/harbour"]
    );
}
