//! What every client in Rust shares: the command line, the clock, the line of results (those of
//! ../../c/bench.h), the generator, the modes. Leaves to each client how it sends.

use std::io::{self, Read};
use std::thread;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

pub const BLOCK_BYTES: usize = 64 * 1024;

pub struct Arguments {
    pub mode: String,
    pub url: String,
    pub count: usize,
    pub threads: usize,
    pub files: Vec<String>,
    pub warm: Option<String>,
    pub ca: Option<String>,
}

impl Arguments {
    pub fn read() -> Self {
        let given: Vec<String> = std::env::args().collect();
        Self {
            mode: given[1].clone(),
            url: given[2].clone(),
            count: given[3].parse().unwrap(),
            threads: given[4].parse().unwrap(),
            files: given[5..].to_vec(),
            warm: std::env::var("BENCH_WARM").ok(),
            ca: std::env::var("BENCH_CA").ok(),
        }
    }

    /// How many connections the client shall be able to keep.
    pub fn idle(&self) -> usize {
        self.count.max(self.threads) + 64
    }
}

/// What is measured. A failure is a panic: the row then says so.
pub trait Client: Sync {
    fn get(&self, url: &str) -> Box<dyn Read>;
    fn put_file(&self, url: &str, name: &str) -> String;
    fn put_stream(&self, url: &str, body: Generator) -> String;
    fn post_files(&self, url: &str, names: &[String]) -> String;
}

/// Blocks of 64 KiB, each of one letter.
pub struct Generator {
    left: usize,
}

impl Read for Generator {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = self.left % BLOCK_BYTES;
        let block = if rest == 0 { BLOCK_BYTES } else { rest };
        let count = block.min(self.left).min(out.len());
        out[..count].fill(b'a' + (self.left / BLOCK_BYTES % 26) as u8);
        self.left -= count;
        Ok(count)
    }
}

fn drained(mut body: impl Read, buffer: &mut [u8]) -> u64 {
    let mut total = 0;
    loop {
        match body.read(buffer).unwrap() {
            0 => return total,
            count => total += count as u64,
        }
    }
}

fn gets(client: &impl Client, a: &Arguments) -> u64 {
    let work = || {
        let mut buffer = vec![0; BLOCK_BYTES];
        (0..a.count / a.threads).map(|_| drained(client.get(&a.url), &mut buffer)).sum::<u64>()
    };
    if a.threads == 1 {
        return work();
    }
    thread::scope(|scope| {
        let workers: Vec<_> = (0..a.threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

fn hold_idle(client: &impl Client, a: &Arguments) -> (u64, f64) {
    let mut buffer = vec![0; BLOCK_BYTES];
    let before = resident_kib();
    let bodies: Vec<_> = (0..a.count).map(|_| client.get(&a.url)).collect();
    let total = bodies.into_iter().map(|body| drained(body, &mut buffer)).sum();
    // What is closed later than its body has ended.
    thread::sleep(std::time::Duration::from_millis(300));
    (total, (resident_kib() - before) / a.count as f64)
}

fn status_kib(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}

/// What is resident now, without what malloc merely has not given back.
fn resident_kib() -> f64 {
    // SAFETY: the declaration is that of glibc's malloc.h; it takes any number.
    unsafe extern "C" {
        safe fn malloc_trim(pad: usize) -> i32;
    }
    malloc_trim(0);
    status_kib("VmRSS")
}

/// User and system seconds so far.
fn spent() -> [f64; 2] {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    [usage.user_time(), usage.system_time()].map(|time| time.num_microseconds() as f64 / 1e6)
}

pub fn run(client: &impl Client, a: &Arguments) {
    if let Some(warm) = &a.warm {
        drained(client.get(warm), &mut [0; 4096]);
    }
    let told = |text: String| text.trim().parse::<u64>().unwrap();
    let (began, before) = (Instant::now(), spent());
    let (bytes, idle_kib) = match a.mode.as_str() {
        "get" | "gzip" | "new" => (gets(client, a), 0.0),
        "idle" => hold_idle(client, a),
        "put" => ((0..a.count).map(|_| told(client.put_file(&a.url, &a.files[0]))).sum(), 0.0),
        "chunked" => {
            let body = Generator { left: a.count * BLOCK_BYTES };
            (told(client.put_stream(&a.url, body)), 0.0)
        }
        "mime" => (told(client.post_files(&a.url, &a.files)), 0.0),
        mode => panic!("mode {mode}"),
    };
    let wall = began.elapsed().as_secs_f64();
    let [user, sys] = spent();
    println!(
        "n={} bytes={bytes} wall={wall:.6} user={:.6} sys={:.6} peak_kib={} idle_kib={idle_kib:.2}",
        a.count,
        user - before[0],
        sys - before[1],
        status_kib("VmHWM")
    );
}
