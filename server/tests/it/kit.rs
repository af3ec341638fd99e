//! A kit that is at fault is not the fault of whoever writes a specification.

use std::path::PathBuf;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Homelab, TestApp, json as body};

/// CUE does not get past its second line.
const BROKEN: &str = "package base_homelab\nspecification: {\n";

/// Where the rules of the kit base-homelab were unpacked to.
fn stackfile(app: &TestApp) -> PathBuf {
    let folder = app.data().join("stackkits");
    let modules = std::fs::read_dir(folder).expect("the kits");
    let found = modules
        .map(|module| module.expect("a module").path())
        .map(|module| module.join("kits/base-homelab/stackfile.cue"))
        .find(|file| file.is_file());
    found.expect("the kit's rules")
}

async fn is_kit_invalid(answer: Response, sentence: &str) {
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem = body(answer).await;
    assert_eq!(problem["code"], "kit_invalid", "{problem}");
    assert_eq!(problem["type"], "/problems/kit_invalid", "{problem}");
    assert_eq!(problem["detail"], sentence, "{problem}");
    assert_eq!(problem["errors"], Value::Null, "{problem}");
}

/// The kit's own example, which is valid.
async fn example(lab: &Homelab<'_>) -> Value {
    let kit = body(lab.ada.get("/v1/stackkits/base-homelab").await).await;
    assert!(kit["example"].is_string(), "{kit}");
    json!({ "yaml": kit["example"] })
}

#[tokio::test]
async fn a_kit_that_cue_refuses_is_called_by_its_name() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let file = stackfile(&app);
    let rules = std::fs::read_to_string(&file).expect("the rules");
    std::fs::write(&file, BROKEN).expect("written");
    let sentence = "The kit base-homelab is not valid: expected '}', found 'EOF' (kits/base-homelab/stackfile.cue:2).";
    let example = example(&lab).await;
    let stack = lab.fill("/tenant/$slug/v1/stacks/$stack");
    let (check, runs) = (format!("{stack}/check"), format!("{stack}/runs"));
    let checked = lab.ada.put(Method::POST, &check, &example).await;
    is_kit_invalid(checked, sentence).await;

    // A draft is not lost for it; it cannot be planned.
    let path = format!("{stack}/specification");
    let saved = lab.ada.put(Method::PUT, &path, &example).await;
    assert_eq!(saved.status(), StatusCode::OK);
    let saved = body(saved).await;
    assert_eq!(saved["specification"], example["yaml"]);
    assert_eq!(saved["check"]["valid"], false, "{saved}");
    assert_eq!(saved["check"]["problems"][0]["message"], sentence);
    let apply = json!({ "kind": "apply" });
    let planned = lab.ada.put(Method::POST, &runs, &apply).await;
    is_kit_invalid(planned, sentence).await;

    // With the kit mended it can, as it was saved.
    std::fs::write(&file, rules).expect("written");
    let checked = lab.ada.put(Method::POST, &check, &example).await;
    assert_eq!(checked.status(), StatusCode::OK);
    assert_eq!(body(checked).await["valid"], true);
    let planned = lab.ada.put(Method::POST, &runs, &apply).await;
    assert_eq!(planned.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_kit_that_is_gone_is_called_by_its_name() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    app.change_namespace("harbour", "UPDATE stack SET kit = 'media-centre'")
        .await;
    let path = lab.fill("/tenant/$slug/v1/stacks/$stack/check");
    let checked = lab.ada.put(Method::POST, &path, &example(&lab).await).await;
    let sentence =
        "The kit media-centre is not in the registry. Ask your operator to add it again.";
    is_kit_invalid(checked, sentence).await;

    // What was written is kept.
    let path = lab.fill("/tenant/$slug/v1/stacks/$stack/specification");
    let saved = lab.ada.put(Method::PUT, &path, &example(&lab).await).await;
    assert_eq!(saved.status(), StatusCode::OK);
    let saved = body(saved).await;
    assert_eq!(saved["check"]["valid"], false, "{saved}");
    assert_eq!(saved["check"]["problems"][0]["message"], sentence);
}
