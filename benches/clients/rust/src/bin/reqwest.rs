//! reqwest, blocking: one Client shared by all threads; its runtime lives on a thread of its own.

use std::fs::File;
use std::io::Read;

use librq_bench_rust::{Arguments, Client, Generator, run};
use reqwest::Certificate;
use reqwest::blocking::multipart::Form;
use reqwest::blocking::{Body, RequestBuilder, Response};

struct Reqwest {
    client: reqwest::blocking::Client,
    anew: bool,
}

fn sent(request: RequestBuilder) -> Response {
    request.send().unwrap().error_for_status().unwrap()
}

impl Client for Reqwest {
    fn get(&self, url: &str) -> Box<dyn Read> {
        let mut request = self.client.get(url);
        if self.anew {
            request = request.header("connection", "close");
        }
        Box::new(sent(request))
    }

    fn put_file(&self, url: &str, name: &str) -> String {
        sent(self.client.put(url).body(File::open(name).unwrap())).text().unwrap()
    }

    fn put_stream(&self, url: &str, body: Generator) -> String {
        sent(self.client.put(url).body(Body::new(body))).text().unwrap()
    }

    fn post_files(&self, url: &str, names: &[String]) -> String {
        let mut form = Form::new();
        for name in names {
            form = form.file("f", name).unwrap();
        }
        sent(self.client.post(url).multipart(form)).text().unwrap()
    }
}

fn main() {
    let a = Arguments::read();
    let mut builder = reqwest::blocking::Client::builder()
        .no_proxy()
        .timeout(None)
        .gzip(a.mode == "gzip")
        .pool_max_idle_per_host(a.idle());
    if let Some(file) = &a.ca {
        let pem = std::fs::read(file).unwrap();
        builder = builder.tls_certs_only(Certificate::from_pem_bundle(&pem).unwrap());
    }
    run(&Reqwest { client: builder.build().unwrap(), anew: a.mode == "new" }, &a);
}
