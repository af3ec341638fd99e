//! States that cannot be saved at once.

use super::*;

#[tokio::test]
async fn a_state_that_cannot_be_saved_at_once_is_saved_when_the_backend_is_back() {
    let stack = Stack::new(&[(
        "main.tf",
        "resource \"terraform_data\" \"one\" { input = 1 }",
    )])
    .await;
    let work = stack.work(json!({}));
    let made = plan(&work).await;
    stack.backend.held.lock().unwrap().failing_saves = 3;
    runner()
        .apply(&work, &made.plan, &Watched::new().watch)
        .await
        .expect("it is applied");
    assert_eq!(stack.backend.resources().len(), 1);
}

#[tokio::test]
async fn a_state_that_opentofu_gave_up_on_is_saved_below_its_lock() {
    for left_lock in [0, 1] {
        let stack = Stack::new(&[(
            "main.tf",
            "resource \"terraform_data\" \"one\" { input = 1 }",
        )])
        .await;
        let work = stack.work(json!({}));
        let made = plan(&work).await;
        {
            let mut held = stack.backend.held.lock().unwrap();
            held.refused_saves = 1;
            held.refused_unlocks = left_lock;
        }
        let watched = Watched::new();
        let error = runner()
            .apply(&work, &made.plan, &watched.watch)
            .await
            .expect_err("it could not be saved");
        let (code, sentence) = refused(error);
        assert_eq!(code, ErrorCode::Upstream);
        assert!(
            sentence.ends_with("was saved afterwards. Plan again to see what stands."),
            "{sentence}"
        );
        assert_eq!(stack.backend.resources().len(), 1);
        assert!(!stack.backend.locked());
        assert!(
            plan(&work).await.changes.is_empty(),
            "nothing is lost and nothing is done twice"
        );
    }
}
