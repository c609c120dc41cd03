//! Which adapter serves a URL: the mounted one with the longest prefix, else the built-in one
//! (behaviours S18, N4).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::adapter::{self, Adapter, Begun, HttpAdapter, SendContext, System};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::prepare::Prepared;
use crate::response::Response;
use crate::url::Url;

/// The adapters of a session.
#[derive(Default)]
pub(super) struct Adapters {
    http: HttpAdapter,
    mounts: Mutex<Vec<Mount>>,
    /// Whether there are mounts: most sessions have none, and take no lock for them.
    mounted: AtomicBool,
}

struct Mount {
    /// Lower case.
    prefix: String,
    adapter: Mounted,
}

#[derive(Clone)]
enum Mounted {
    /// The built-in one again, with connections of its own.
    Http(Arc<HttpAdapter>),
    Own(Arc<dyn Adapter>),
}

impl Adapters {
    pub(super) fn with_system(system: System) -> Self {
        Self { http: HttpAdapter::new(Some(system)), ..Self::default() }
    }

    /// Sends by the adapter that serves the request's URL.
    pub(super) fn send(&self, prepared: &Prepared, context: &SendContext<'_>) -> Result<Response> {
        match self.mounted_for(prepared.url()) {
            None => self.http.send(prepared, context),
            Some(Mounted::Http(adapter)) => adapter.send(prepared, context),
            Some(Mounted::Own(adapter)) => {
                let reply = adapter.send(prepared)?;
                // Nothing can end it before; what comes too late is late nevertheless.
                context.budget.check("the adapter did not answer", Phase::Head)?;
                reply.into_response(prepared, context)
            }
        }
    }

    /// Begins to send by it, where it is the built-in one and can.
    pub(super) fn begin(
        &self,
        prepared: &Prepared,
        context: &SendContext<'_>,
    ) -> Option<Box<Begun>> {
        match self.mounted_for(prepared.url()) {
            None => self.http.begin(prepared, context),
            Some(Mounted::Http(adapter)) => adapter.begin(prepared, context),
            Some(Mounted::Own(_)) => None,
        }
    }

    /// An error if nothing serves `url`, before any hook sees its request.
    pub(super) fn check(&self, url: &Url) -> Result<()> {
        if adapter::is_served(url) || matches!(self.mounted_for(url), Some(Mounted::Own(_))) {
            return Ok(());
        }
        Err(adapter::unserved(url))
    }

    pub(super) fn mount(&self, prefix: &str, adapter: Arc<dyn Adapter>) -> Result<()> {
        self.put(prefix, Mounted::Own(adapter))
    }

    pub(super) fn mount_http(&self, prefix: &str) -> Result<()> {
        self.put(prefix, Mounted::Http(Arc::new(self.http.another())))
    }

    fn put(&self, prefix: &str, adapter: Mounted) -> Result<()> {
        if prefix.is_empty() {
            let message =
                "the prefix to mount an adapter at is empty; write http://host/ or mock://";
            return Err(Error::new(ErrorKind::InvalidArgument, message).in_phase(Phase::Prepare));
        }
        let prefix = prefix.to_lowercase();
        let mut mounts = self.lock();
        let replaced = take(&mut mounts, &prefix);
        let longer = |mount: &Mount| mount.prefix.len() >= prefix.len();
        let place = mounts.iter().take_while(|mount| longer(mount)).count();
        mounts.insert(place, Mount { prefix, adapter });
        self.mounted.store(true, Ordering::Release);
        // What is dropped may be the caller's: never under the lock.
        drop(mounts);
        drop(replaced);
        Ok(())
    }

    /// Takes the adapter of exactly this prefix away; whether there was one.
    pub(super) fn unmount(&self, prefix: &str) -> bool {
        let prefix = prefix.to_lowercase();
        let mut mounts = self.lock();
        let taken = take(&mut mounts, &prefix);
        self.mounted.store(!mounts.is_empty(), Ordering::Release);
        drop(mounts);
        taken.is_some()
    }

    pub(super) fn close_idle(&self) {
        self.http.close_idle();
        let mounted: Vec<Mounted> = self.lock().iter().map(|it| it.adapter.clone()).collect();
        for adapter in mounted {
            if let Mounted::Http(adapter) = adapter {
                adapter.close_idle();
            }
        }
    }

    fn mounted_for(&self, url: &Url) -> Option<Mounted> {
        if !self.mounted.load(Ordering::Acquire) {
            return None;
        }
        let url = url.redacted().to_lowercase();
        let mounts = self.lock();
        let found = mounts.iter().find(|mount| url.starts_with(&mount.prefix));
        found.map(|mount| mount.adapter.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Mount>> {
        self.mounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(mounts: &mut Vec<Mount>, prefix: &str) -> Option<Mount> {
    let at = mounts.iter().position(|mount| mount.prefix == prefix)?;
    Some(mounts.remove(at))
}
