use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use types::{
    ErrorCode, TenantId,
    portal::{Plan, Role},
};

use super::{
    AssertedTenant, Assertion, AssertionClaims, AssertionSigner, AssertionVerifier, BoundRequest,
    TYPE, key_id,
};
use crate::env::{Env, MovableClock};

const SEED: [u8; 32] = [7; 32];

struct Pair {
    signer: AssertionSigner,
    verifier: AssertionVerifier,
    clock: MovableClock,
}

fn pair() -> Pair {
    let clock = MovableClock::default();
    let env = Env::with_clock(Arc::new(clock.clone()));
    let signer = AssertionSigner::new("portal", &SEED, env.clone()).expect("a signer");
    let verifier = AssertionVerifier::new("portal", "local", &[signer.public_key()], env);
    Pair {
        signer,
        verifier,
        clock,
    }
}

fn assertion() -> Assertion {
    Assertion {
        audience: "local".into(),
        identity_provider: "https://issuer.test".into(),
        subject: "user-1".into(),
        organisation: None,
        email: "o@lab.test".into(),
        name: "Owner".into(),
        role: Role::Admin,
        session: None,
        plan: Plan::Pro,
        tenant: AssertedTenant {
            id: TenantId(uuid::Uuid::from_u128(1)),
            slug: "nordhaus".into(),
            name: "Nordhaus lab".into(),
            max_users: 15,
            max_nodes: 10,
        },
    }
}

fn claims(pair: &Pair) -> AssertionClaims {
    let token = pair
        .signer
        .sign(assertion(), &BoundRequest::EXCHANGE)
        .expect("signed");
    pair.verifier
        .verify(&token, &BoundRequest::EXCHANGE)
        .expect("valid")
}

fn refused(pair: &Pair, token: &str, request: &BoundRequest<'_>) {
    let error = pair
        .verifier
        .verify(token, request)
        .expect_err("it must be refused");
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
}

#[test]
fn a_signed_assertion_is_read_back_whole() {
    let pair = pair();
    let claims = claims(&pair);
    assert_eq!(claims.sub, "user-1");
    assert_eq!(claims.tenant, assertion().tenant);
    assert_eq!(claims.exp - claims.iat, 60);
}

#[test]
fn it_holds_for_one_request_and_one_body() {
    let pair = pair();
    let token = pair
        .signer
        .sign(assertion(), &BoundRequest::EXCHANGE)
        .expect("signed");
    for other in [
        BoundRequest {
            method: "GET",
            ..BoundRequest::EXCHANGE
        },
        BoundRequest {
            path: "/v1/stacks",
            ..BoundRequest::EXCHANGE
        },
        BoundRequest {
            body: Some(b"{}"),
            ..BoundRequest::EXCHANGE
        },
        BoundRequest {
            body: None,
            ..BoundRequest::EXCHANGE
        },
    ] {
        refused(&pair, &token, &other);
    }
}

#[test]
fn it_expires_after_a_minute_and_may_not_live_longer() {
    let pair = pair();
    let token = pair
        .signer
        .sign(assertion(), &BoundRequest::EXCHANGE)
        .expect("signed");
    pair.clock.advance(58);
    pair.verifier
        .verify(&token, &BoundRequest::EXCHANGE)
        .expect("still valid");
    pair.clock.advance(3);
    refused(&pair, &token, &BoundRequest::EXCHANGE);

    let held = claims(&pair);
    let long = AssertionClaims {
        exp: held.iat + 61,
        ..held
    };
    let token = pair.signer.sign_claims(&long).expect("signed");
    refused(&pair, &token, &BoundRequest::EXCHANGE);
    let early = AssertionClaims {
        iat: claims(&pair).iat + 600,
        exp: claims(&pair).iat + 660,
        ..claims(&pair)
    };
    let token = pair.signer.sign_claims(&early).expect("signed");
    refused(&pair, &token, &BoundRequest::EXCHANGE);
}

#[test]
fn another_audience_issuer_key_or_type_is_refused() {
    let pair = pair();
    for wrong in [
        AssertionClaims {
            aud: "other".into(),
            ..claims(&pair)
        },
        AssertionClaims {
            iss: "other".into(),
            ..claims(&pair)
        },
        AssertionClaims {
            sub: String::new(),
            ..claims(&pair)
        },
    ] {
        let token = pair.signer.sign_claims(&wrong).expect("signed");
        refused(&pair, &token, &BoundRequest::EXCHANGE);
    }

    let stranger = AssertionSigner::new("portal", &[8; 32], Env::system()).expect("a signer");
    let token = stranger
        .sign(assertion(), &BoundRequest::EXCHANGE)
        .expect("signed");
    refused(&pair, &token, &BoundRequest::EXCHANGE);

    // The same key, but a plain JWT.
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(key_id(&pair.signer.public_key()));
    let token = jsonwebtoken::encode(&header, &claims(&pair), &pair.signer.key).expect("signed");
    refused(&pair, &token, &BoundRequest::EXCHANGE);
}

#[test]
fn no_algorithm_and_a_shared_secret_are_refused() {
    let pair = pair();
    // HS256 with the public key as its secret.
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(TYPE.into());
    header.kid = Some(key_id(&pair.signer.public_key()));
    let key = EncodingKey::from_secret(&pair.signer.public_key());
    let token = jsonwebtoken::encode(&header, &claims(&pair), &key).expect("signed");
    refused(&pair, &token, &BoundRequest::EXCHANGE);

    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let part = |json: String| URL_SAFE_NO_PAD.encode(json);
    let kid = key_id(&pair.signer.public_key());
    let unsigned = format!(
        "{}.{}.",
        part(format!(r#"{{"alg":"none","typ":"{TYPE}","kid":"{kid}"}}"#)),
        part(serde_json::to_string(&claims(&pair)).expect("json"))
    );
    refused(&pair, &unsigned, &BoundRequest::EXCHANGE);

    let good = pair
        .signer
        .sign(assertion(), &BoundRequest::EXCHANGE)
        .expect("signed");
    let (head, signature) = good.rsplit_once('.').expect("three parts");
    let mut payload = head.to_owned();
    payload.push('A');
    refused(
        &pair,
        &format!("{payload}.{signature}"),
        &BoundRequest::EXCHANGE,
    );
}
