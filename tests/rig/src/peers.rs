//! How each peer is started, and what the tests are told of it.

use std::fs;
use std::io;
use std::path::Path;

use rq_testd::sha256_of_bytes;

use crate::LARGE_BYTES;
use crate::daemon::{Daemon, Start, path_of};
use crate::folder::Folder;
use crate::ports::Ports;

/// What every peer that asks for a password knows. It holds all that URLs give a meaning to.
const USER: &str = "rig";
const PASSWORD: &str = "p@ss:w/rd";
const PASSWORD_IN_URL: &str = "p%40ss%3Aw%2Frd";
/// The password as crypt(3) has it, for squid and for dante.
const APR1: &str = "$apr1$librqrig$pNdF8.Q3j1GRW.lekyDSq1";
const SHA512: &str = "$6$librqrig$1Vb4GgT6Zlqad9KjO43uqsc70L7pgXk5ayhorOLj2WVG.QynISgMWUVzgfL0YBFr\
                      Otg4NKri3ecOnUNhRhcK9.";

/// Starts all, in an order that does not matter: each waits for nobody.
pub(crate) fn start(folder: &Folder, ports: &Ports, testd: &str) -> io::Result<Vec<Daemon>> {
    let peers = Peers { folder, ports, testd };
    let starts = [
        peers.nginx()?,
        peers.squid()?,
        peers.tinyproxy()?,
        peers.stunnel()?,
        peers.haproxy()?,
        peers.dante()?,
        peers.microsocks(),
        peers.microsocks_user(),
        peers.twisted()?,
    ];
    let mut daemons = Vec::new();
    for start in starts.into_iter().chain(peers.dante_user()?) {
        daemons.push(start.run(folder.path())?);
    }
    Ok(daemons)
}

struct Peers<'a> {
    folder: &'a Folder,
    ports: &'a Ports,
    testd: &'a str,
}

impl<'a> Peers<'a> {
    fn write(&self, name: &str, conf: &str) -> io::Result<()> {
        let conf = conf.replace("@folder@", &self.folder.path().display().to_string());
        self.folder.write(name, self.ports.filled_in(&conf.replace("@testd@", self.testd)))
    }

    fn start(&self, name: &'a str, arguments: &[&str], ports: &[&str]) -> Start<'a> {
        Start {
            name,
            program: name,
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            ports: ports.iter().map(|port| self.ports.of(port)).collect(),
            user: None,
        }
    }

    fn nginx(&self) -> io::Result<Start<'a>> {
        self.write("nginx.conf", include_str!("../conf/nginx.conf"))?;
        self.folder.create_dir("nginx")?;
        let (home, conf) = (self.folder.file(""), self.folder.file("nginx.conf"));
        let ports = ["http", "https", "tls12", "tls13", "mtls"];
        Ok(self.start("nginx", &["-p", &home, "-c", &conf], &ports))
    }

    /// Squid refuses to be root.
    fn squid(&self) -> io::Result<Start<'a>> {
        let helper = path_of("basic_ncsa_auth")?.display().to_string();
        let conf = include_str!("../conf/squid.conf").replace("@squid_auth@", &helper);
        self.write("squid.conf", &conf)?;
        self.folder.create_dir("squid")?;
        self.folder.write("squid/users", format!("{USER}:{APR1}\n"))?;
        let conf = self.folder.file("squid.conf");
        // Its name in shared memory, which it looks at before it listens.
        let service = format!("rig{}", self.ports.of("squid"));
        let mut start =
            self.start("squid", &["-N", "-d", "1", "-n", &service, "-f", &conf], &["squid"]);
        if is_root() {
            let (user, group) = user_named("proxy")?;
            for path in ["squid", "squid/users"] {
                let path = self.folder.file(path);
                std::os::unix::fs::chown(path, Some(user), Some(group))?;
            }
            start.user = Some((user, group));
        }
        Ok(start)
    }

    fn tinyproxy(&self) -> io::Result<Start<'a>> {
        self.write("tinyproxy.conf", include_str!("../conf/tinyproxy.conf"))?;
        let conf = self.folder.file("tinyproxy.conf");
        Ok(self.start("tinyproxy", &["-d", "-c", &conf], &["tinyproxy"]))
    }

    fn stunnel(&self) -> io::Result<Start<'a>> {
        self.write("stunnel.conf", include_str!("../conf/stunnel.conf"))?;
        let conf = self.folder.file("stunnel.conf");
        let ports = ["stunnel", "stranger"];
        Ok(Start { program: "stunnel4", ..self.start("stunnel", &[&conf], &ports) })
    }

    fn haproxy(&self) -> io::Result<Start<'a>> {
        self.write("haproxy.conf", include_str!("../conf/haproxy.conf"))?;
        let conf = self.folder.file("haproxy.conf");
        Ok(self.start("haproxy", &["-db", "-f", &conf], &["haproxy", "haproxys"]))
    }

    fn dante(&self) -> io::Result<Start<'a>> {
        self.write_dante("dante", "none")?;
        let (conf, pid) = (self.folder.file("dante.conf"), self.folder.file("dante.pid"));
        Ok(Start {
            program: "danted",
            ..self.start("dante", &["-f", &conf, "-p", &pid], &["dante"])
        })
    }

    /// Dante knows the system's users only, and so gets a system of its own: /etc/passwd and
    /// /etc/shadow are others for it alone, which takes root.
    fn dante_user(&self) -> io::Result<Option<Start<'a>>> {
        if !is_root() {
            return Ok(None);
        }
        self.write_dante("dante_user", "username")?;
        let users = format!("root:x:0:0::/:/bin/sh\n{USER}:x:65533:65534::/:/bin/false\n");
        self.folder.write("passwd", users)?;
        self.folder
            .write("shadow", format!("root:*:19000::::::\n{USER}:{SHA512}:19000::::::\n"))?;
        let script = "mount --bind passwd /etc/passwd && mount --bind shadow /etc/shadow && \
                      exec \"$@\"";
        let danted = path_of("danted")?.display().to_string();
        let (conf, pid) = (self.folder.file("dante_user.conf"), self.folder.file("dante_user.pid"));
        let words = ["-m", "sh", "-c", script, "sh", &danted, "-f", &conf, "-p", &pid];
        Ok(Some(Start { program: "unshare", ..self.start("dante_user", &words, &["dante_user"]) }))
    }

    fn write_dante(&self, name: &str, method: &str) -> io::Result<()> {
        let conf = include_str!("../conf/dante.conf")
            .replace("@port@", &self.ports.of(name).to_string())
            .replace("@method@", method)
            .replace("@user@", &own_name()?);
        self.write(&format!("{name}.conf"), &conf)
    }

    fn microsocks(&self) -> Start<'a> {
        let port = self.ports.of("microsocks").to_string();
        self.start("microsocks", &["-i", "127.0.0.1", "-p", &port], &["microsocks"])
    }

    fn microsocks_user(&self) -> Start<'a> {
        let port = self.ports.of("microsocks_user").to_string();
        let words = ["-i", "127.0.0.1", "-p", &port, "-u", USER, "-P", PASSWORD];
        Start {
            program: "microsocks",
            ..self.start("microsocks_user", &words, &["microsocks_user"])
        }
    }

    /// The only one that speaks SOCKS4a: from PyPI, in a Python environment of its own.
    fn twisted(&self) -> io::Result<Start<'a>> {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/twisted/bin/twistd");
        if !Path::new(program).exists() {
            return Err(io::Error::other("Twisted is not installed; run: scripts/twisted.sh"));
        }
        let port = self.ports.of("twisted").to_string();
        let words = ["--nodaemon", "--pidfile=", "socks", "-i", "127.0.0.1", "-p", &port];
        Ok(Start { program, ..self.start("twisted", &words, &["twisted"]) })
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What /etc/passwd calls us.
fn own_name() -> io::Result<String> {
    let users = fs::read_to_string("/etc/passwd")?;
    let own = rustix::process::geteuid().as_raw().to_string();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        fields.next().filter(|_| fields.nth(1) == Some(&*own))
    });
    name.map(str::to_owned).ok_or_else(|| io::Error::other("/etc/passwd does not know us"))
}

/// The user's number and that of their group.
fn user_named(name: &str) -> io::Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let numbers = users.lines().find_map(|line| {
        let mut fields = line.strip_prefix(name)?.strip_prefix(':')?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    numbers.ok_or_else(|| io::Error::other(format!("/etc/passwd has no {name}")))
}

/// What the tests are told: origins, files, proxies with and without credentials. A proxy that
/// does not run here has an empty URL.
pub(crate) fn env(folder: &Folder, ports: &Ports) -> Vec<(String, String)> {
    let origin = |scheme: &str, port: &str| format!("{scheme}://localhost:{}", ports.of(port));
    let proxy = |scheme: &str, userinfo: &str, port: &str| {
        format!("{scheme}://{userinfo}localhost:{}", ports.of(port))
    };
    let user = format!("{USER}:{PASSWORD_IN_URL}@");
    let wrong = format!("{USER}:wrong@");
    // Of two passwords for one user at the same time, squid checks one and believes both.
    let unknown = "stranger:wrong@";
    let dante_user = |scheme: &str, userinfo: &str| {
        if is_root() { proxy(scheme, userinfo, "dante_user") } else { String::new() }
    };
    [
        ("HTTP", origin("http", "http")),
        ("HTTPS", origin("https", "https")),
        ("TLS12", origin("https", "tls12")),
        ("TLS13", origin("https", "tls13")),
        ("MTLS", origin("https", "mtls")),
        ("HAPROXY_HTTP", origin("http", "haproxy")),
        ("HAPROXY_HTTPS", origin("https", "haproxys")),
        ("LARGE_BYTES", LARGE_BYTES.to_string()),
        ("LARGE_SHA256", sha256_of_bytes(LARGE_BYTES as u64)),
        ("CA_FILE", folder.file("ca.pem")),
        ("STRANGER_CA_FILE", folder.file("stranger-ca.pem")),
        ("CLIENT_CERT", folder.file("client.pem")),
        ("CLIENT_KEY", folder.file("client.key")),
        ("CLIENT_CERT_AND_KEY", folder.file("client-and-key.pem")),
        ("STRANGER_CERT", folder.file("stranger.pem")),
        ("STRANGER_KEY", folder.file("stranger.key")),
        ("PROXY_SQUID", proxy("http", &user, "squid")),
        ("PROXY_SQUID_WRONG", proxy("http", unknown, "squid")),
        ("PROXY_TINYPROXY", proxy("http", "", "tinyproxy")),
        ("PROXY_STUNNEL", proxy("https", &user, "stunnel")),
        ("PROXY_STRANGER", proxy("https", &user, "stranger")),
        ("PROXY_SOCKS4_DANTE", proxy("socks4", "", "dante")),
        ("PROXY_SOCKS4A_DANTE", proxy("socks4a", "", "dante")),
        ("PROXY_SOCKS4A_TWISTED", proxy("socks4a", "", "twisted")),
        ("PROXY_SOCKS5_DANTE", proxy("socks5", "", "dante")),
        ("PROXY_SOCKS5H_DANTE", proxy("socks5h", "", "dante")),
        ("PROXY_SOCKS5H_DANTE_USER", dante_user("socks5h", &user)),
        ("PROXY_SOCKS5_DANTE_WRONG", dante_user("socks5", &wrong)),
        ("PROXY_SOCKS5_MICROSOCKS", proxy("socks5", "", "microsocks")),
        ("PROXY_SOCKS5_MICROSOCKS_USER", proxy("socks5", &user, "microsocks_user")),
        ("PROXY_SOCKS5H_MICROSOCKS_USER", proxy("socks5h", &user, "microsocks_user")),
        ("PROXY_SOCKS5_MICROSOCKS_WRONG", proxy("socks5", &wrong, "microsocks_user")),
    ]
    .map(|(name, value)| (format!("RQ_WAY_{name}"), value))
    .into()
}
