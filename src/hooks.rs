//! The caller's own code on the way of a request (behaviour area K).
//!
//! Hooks of a session and of a request both run, the session's first, in the order in which they
//! were added (K4 mended); on the thread of the call, with no lock held. They may use the session.

use std::sync::Arc;

use crate::error::Result;
use crate::prepare::Prepared;
use crate::response::Response;
use crate::trace::OnTrace;
use crate::trace::Progress;

/// Sees, and may change, what is about to be sent: the request, and each redirect of it.
pub type OnRequest = Arc<dyn Fn(&mut Prepared) -> Result<()> + Send + Sync>;

/// Gets each response whose head has been read, redirects too, and gives it back, or another one
/// that takes its place. An error fails the call.
pub type OnResponse = Arc<dyn Fn(Response) -> Result<Response> + Send + Sync>;

/// The hooks of a session or of a request.
#[derive(Clone, Default)]
pub struct Hooks {
    pub(crate) requests: Vec<OnRequest>,
    pub(crate) responses: Vec<OnResponse>,
    pub(crate) traces: Vec<OnTrace>,
    pub(crate) downloads: Vec<Progress>,
}

impl Hooks {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { requests, responses, traces, downloads } = self;
        requests.is_empty() && responses.is_empty() && traces.is_empty() && downloads.is_empty()
    }

    /// These, and behind them those of `other`.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.requests.extend(other.requests.iter().cloned());
        all.responses.extend(other.responses.iter().cloned());
        all.traces.extend(other.traces.iter().cloned());
        all.downloads.extend(other.downloads.iter().cloned());
        all
    }
}

/// Tells how many there are, not what they do.
impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { requests, responses, traces, downloads } = self;
        let count = requests.len() + responses.len() + traces.len() + downloads.len();
        write!(f, "Hooks({count})")
    }
}
