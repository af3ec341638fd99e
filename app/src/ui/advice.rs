//! What to do about each kind of problem.

use types::ErrorCode;

/// What to do about a kind of problem.
pub(crate) const fn advice(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Invalid => {
            "Something that was sent could not be read, or a field is wrong. The answer names the fields."
        }
        ErrorCode::TenantRequired => {
            "The stack service has to know which homelab is meant: send X-Tenant-ID, or use the path /tenant/{slug}/…."
        }
        ErrorCode::HandOver => {
            "The way back from signing in did not belong to this browser, or was used before. Start again from the first page."
        }
        ErrorCode::Unauthenticated => {
            "Nobody is signed in, or the session has ended. Sign in and try again."
        }
        ErrorCode::StackSession => {
            "You are signed in to the portal, but this browser has not entered the homelab yet. Launch it from the overview."
        }
        ErrorCode::Forbidden => {
            "Your role or the token's scope does not allow this. An admin of the homelab can change roles."
        }
        ErrorCode::CrossSite => {
            "The request came from another site and was refused. Use the pages of this site."
        }
        ErrorCode::NotFound => "There is nothing at this address, or you have no access to it.",
        ErrorCode::TenantNotFound => "There is no such homelab, or you are not a member of it.",
        ErrorCode::MethodNotAllowed => {
            "The address exists, but not for this kind of request. The API's description lists what it takes."
        }
        ErrorCode::Conflict => {
            "Something changed in between, or a name is taken. Reload, look at the difference and try again."
        }
        ErrorCode::PlanStale => {
            "The plan was made for another state or specification. Plan again and approve the new one."
        }
        ErrorCode::Misdirected => {
            "The address belongs to a part of kombify that this process does not run. An operator has to send it to one that does."
        }
        ErrorCode::StateLocked => {
            "Another run works on this stack. Wait until it has ended, or cancel it."
        }
        ErrorCode::PlanLimit => {
            "A limit of the homelab's plan is reached. Free something, or ask for a larger plan."
        }
        ErrorCode::TooLarge => "What was sent is larger than allowed.",
        ErrorCode::SpecificationInvalid => {
            "The kit's rules refuse the specification. The problems stand at their lines and fields."
        }
        ErrorCode::KitInvalid => {
            "The kit itself has an error. Its author or an operator has to repair it."
        }
        ErrorCode::RateLimited => {
            "Too many requests in a short time. Wait a moment; the Retry-After header says how long."
        }
        ErrorCode::Internal => {
            "Something of ours failed. Try again; if it stays, give the request id to your operator, whose log has it."
        }
        ErrorCode::Upstream => {
            "A service that kombify needs answered badly or not at all. It is often over in a moment."
        }
        ErrorCode::DatabaseUnavailable => {
            "The database does not answer. Nothing was changed; it is tried again by itself."
        }
        ErrorCode::DatabaseReadOnly => {
            "The database refuses to be written and nothing was changed. An operator has to mend its rights, or point kombify at the primary server."
        }
        ErrorCode::NoCapacity => {
            "No instance has room for another homelab. An operator can provision one."
        }
        ErrorCode::ToolMissing => {
            "A program that kombify needs, such as cue or tofu, is missing. An operator sees which by `kombify doctor`."
        }
        ErrorCode::DiskFull => {
            "The disk is full and nothing was changed. An operator has to free space on the data folder."
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use types::ErrorCode;

    use super::advice;

    #[test]
    fn each_kind_of_problem_has_advice_of_its_own() {
        let all: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| advice(*code)).collect();
        assert_eq!(all.len(), ErrorCode::ALL.len());
    }
}
