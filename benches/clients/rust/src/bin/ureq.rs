//! ureq: one Agent shared by all threads.

use std::fs::File;
use std::io::Read;

use librq_bench_rust::{Arguments, Client, Generator, run};
use ureq::http::Response;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::multipart::Form;
use ureq::{Agent, Body, SendBody};

struct Ureq {
    agent: Agent,
    anew: bool,
}

fn text(response: Response<Body>) -> String {
    response.into_body().read_to_string().unwrap()
}

impl Client for Ureq {
    fn get(&self, url: &str) -> Box<dyn Read> {
        let mut request = self.agent.get(url);
        if self.anew {
            request = request.header("connection", "close");
        }
        Box::new(request.call().unwrap().into_body().into_reader())
    }

    fn put_file(&self, url: &str, name: &str) -> String {
        text(self.agent.put(url).send(File::open(name).unwrap()).unwrap())
    }

    fn put_stream(&self, url: &str, body: Generator) -> String {
        text(self.agent.put(url).send(SendBody::from_owned_reader(body)).unwrap())
    }

    fn post_files(&self, url: &str, names: &[String]) -> String {
        let mut form = Form::new();
        for name in names {
            form = form.file("f", name).unwrap();
        }
        text(self.agent.post(url).send(form).unwrap())
    }
}

fn roots(a: &Arguments) -> RootCerts {
    let Some(file) = &a.ca else { return RootCerts::WebPki };
    let pem = std::fs::read(file).unwrap();
    let certificates = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    RootCerts::from(certificates)
}

fn main() {
    let a = Arguments::read();
    let agent = Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots(&a)).build())
        .max_idle_connections(a.idle())
        .max_idle_connections_per_host(a.idle())
        .build()
        .into();
    run(&Ureq { agent, anew: a.mode == "new" }, &a);
}
