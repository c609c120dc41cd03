//! What a session takes from the environment: proxies, the CA bundle, and the netrc file.
//!
//! The variables are read when a session first needs them, and again when its own overrides change;
//! the files that they name are read once for each such reading. A request then asks for neither
//! variables nor files: a program that changes its environment while other threads run has no
//! defined behaviour anyway. Sources: behaviours A6, P8, S15, T7.

use std::fs::File;
use std::io::Read;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::auth::netrc;
use crate::certs::CaBundle;
use crate::env::Environment;
use crate::error::{Error, Result};
use crate::limits::NETRC_BYTES_MAX;
use crate::options::{Options, Wording};

/// The environment as a session first read it, and as it last did, where its overrides have changed
/// since. Most never do, and take no lock for it.
#[derive(Default)]
pub(super) struct Surroundings {
    first: OnceLock<Reading>,
    last: Mutex<Option<Arc<Reading>>>,
}

/// A reading that holds.
pub(super) enum Known<'a> {
    First(&'a Reading),
    Later(Arc<Reading>),
}

impl Deref for Known<'_> {
    type Target = Reading;

    #[inline(always)]
    fn deref(&self) -> &Reading {
        match self {
            Self::First(reading) => reading,
            Self::Later(reading) => reading,
        }
    }
}

/// One reading of the environment.
pub(super) struct Reading {
    /// The state of the overrides that it was made with.
    changes: u32,
    variables: Environment,
    has_proxies: bool,
    netrc: OnceLock<Option<String>>,
    ca: OnceLock<CaBundle>,
}

impl Surroundings {
    /// The environment under these settings; `None` if they do without it.
    #[inline(always)]
    pub(super) fn of(&self, options: &Options) -> Option<Known<'_>> {
        let Wording { ignores_env, environment, env_changes, .. } = &options.wording;
        if *ignores_env {
            return None;
        }
        let first = self.first.get_or_init(|| Reading::new(environment, *env_changes));
        if first.changes == *env_changes {
            return Some(Known::First(first));
        }
        Some(Known::Later(self.later(environment, *env_changes)))
    }

    fn later(&self, environment: &Environment, changes: u32) -> Arc<Reading> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(reading) if reading.changes == changes => reading.clone(),
            _ => last.insert(Arc::new(Reading::new(environment, changes))).clone(),
        }
    }
}

impl Reading {
    fn new(environment: &Environment, changes: u32) -> Self {
        let variables = environment.snapshot();
        let has_proxies = variables.has_proxies();
        let (netrc, ca) = Default::default();
        Self { changes, variables, has_proxies, netrc, ca }
    }

    pub(super) fn variables(&self) -> &Environment {
        &self.variables
    }

    pub(super) fn has_proxies(&self) -> bool {
        self.has_proxies
    }

    /// The CA bundle that a variable names in place of the system's. A failure is not kept.
    pub(super) fn ca(&self) -> Result<Option<CaBundle>> {
        if let Some(bundle) = self.ca.get() {
            return Ok(Some(bundle.clone()));
        }
        let named = self.variables.ca_paths();
        if named.is_empty() {
            return Ok(None);
        }
        let paths: Vec<&Path> = named.iter().map(|(_, path)| Path::new(*path)).collect();
        let bundle = CaBundle::from_paths(&paths).map_err(|error| {
            let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
            let message =
                format!("{} (the environment's {})", error.message(), names.join(" and "));
            Error::new(error.kind(), message)
                .in_phase(error.phase())
                .with_os_error(error.os_error())
        })?;
        Ok(Some(self.ca.get_or_init(|| bundle).clone()))
    }

    /// The text of the netrc file; a file that cannot be read is none (A6).
    pub(super) fn netrc(&self) -> Option<&str> {
        let read = || netrc::paths(&self.variables).iter().find_map(|path| text_of(path));
        self.netrc.get_or_init(read).as_deref()
    }
}

fn text_of(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.metadata().ok().filter(|metadata| metadata.is_file())?;
    file.take(NETRC_BYTES_MAX + 1).read_to_string(&mut text).ok()?;
    Some(text).filter(|text| text.len() as u64 <= NETRC_BYTES_MAX)
}
