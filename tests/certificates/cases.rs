//! The certificates that make.sh makes, read into memory, and what is expected of each. The files
//! are gone once they are read.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, process};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Whom a client trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The case's own bundle.
    Own,
    /// The system's roots, which have signed none of these certificates.
    System,
    /// Everybody: no verification.
    Anyone,
}

impl Trust {
    pub(crate) const ALL: [Self; 3] = [Self::Own, Self::System, Self::Anyone];
}

/// A server's certificate, and what becomes of a request to it.
pub(crate) struct Case {
    pub(crate) name: String,
    /// As the server sends it.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// The same as PEM.
    pub(crate) chain_pem: Vec<u8>,
    /// The server's key as PEM.
    pub(crate) key: Vec<u8>,
    /// The bundle of [`Trust::Own`] as PEM.
    pub(crate) ca: Vec<u8>,
    /// The host as a URL has it.
    pub(crate) host: String,
    outcomes: [String; 3],
}

impl Case {
    /// `accept`, or the reason of the error.
    pub(crate) fn outcome(&self, trust: Trust) -> &str {
        &self.outcomes[trust as usize]
    }
}

/// A certificate that a client shows.
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) password: Option<String>,
    /// `accept`; `refused` by the server; `file` or `mismatch` when it is set.
    pub(crate) outcome: String,
}

/// All that make.sh has made.
pub(crate) struct Matrix {
    pub(crate) cases: Vec<Case>,
    pub(crate) clients: Vec<Client>,
    /// The authority that servers trust with clients.
    pub(crate) client_root: Vec<u8>,
}

impl Matrix {
    /// Made when first asked for.
    pub(crate) fn get() -> &'static Self {
        static MATRIX: LazyLock<Matrix> = LazyLock::new(Matrix::make);
        &MATRIX
    }

    /// The case of this name.
    pub(crate) fn case(&self, name: &str) -> &Case {
        self.cases.iter().find(|case| case.name == name).expect("a case of the table")
    }

    fn make() -> Self {
        let folder = Scratch::new();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates/make.sh");
        let made = Command::new("sh").arg(script).arg(&folder.0).output().expect("a shell");
        let told = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "make.sh (is openssl installed?): {told}");
        let read = |name: &str| fs::read(folder.0.join(name)).expect("a file of make.sh");
        let table = |name: &str| {
            let rows = String::from_utf8(read(name)).expect("a table in UTF-8");
            rows.lines().map(|row| row.split('\t').map(str::to_owned).collect()).collect()
        };
        let rows: Vec<Vec<String>> = table("cases.txt");
        let cases = rows.into_iter().map(|row| case(&row, &read)).collect();
        let rows: Vec<Vec<String>> = table("clients.txt");
        let clients = rows.into_iter().map(|row| client(&row, &read)).collect();
        Self { cases, clients, client_root: read("client-root.crt") }
    }
}

fn case(row: &[String], read: &dyn Fn(&str) -> Vec<u8>) -> Case {
    let chain_pem = read(&row[1]);
    Case {
        name: row[0].clone(),
        chain: CertificateDer::pem_slice_iter(&chain_pem).map(|part| part.expect("PEM")).collect(),
        chain_pem,
        key: read(&row[2]),
        ca: read(&row[3]),
        host: row[4].clone(),
        outcomes: [row[5].clone(), row[6].clone(), row[7].clone()],
    }
}

fn client(row: &[String], read: &dyn Fn(&str) -> Vec<u8>) -> Client {
    let given = |field: &String| (field != "-").then(|| field.clone());
    Client {
        name: row[0].clone(),
        certificate: read(&row[1]),
        key: given(&row[2]).map(|name| read(&name)),
        password: given(&row[3]),
        outcome: row[4].clone(),
    }
}

/// A folder for files that others must be able to open; removed when dropped.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("certificates-{}-{number}", process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir(&folder).expect("a folder for certificates");
        Self(folder)
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("a file in the folder");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
