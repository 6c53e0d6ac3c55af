//! What the typed client costs over the HTTP library that it uses: the same request, the same server, in turns.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use ghl_client::{Client, Location};
use serde_json::{Value, json};
use stats_alloc::Region;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::report::median;

const ROUNDS: usize = 20;
const TOKEN: &str = "pit-00000000-0000-4000-8000-000000000000";
const BODY: &str = r#"{"contact":{"id":"ocQHyuzHvysMo5N5VsXc","locationId":"ve9EPM428h8vShlRW1KT","firstName":"Jane","lastName":"Doe","email":"jane@example.com","phone":"+12025550123","tags":["vip","lead"],"dateAdded":"2026-11-21T02:13:46.000Z","customFields":[{"id":"f1","value":"x"}]},"traceId":"0"}"#;

/// What the floor decodes: the same type, from the same envelope.
#[derive(serde::Deserialize)]
struct Envelope {
    contact: ghl_client::contacts::Contact,
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It is our own child; that it is gone already is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn run(calls: u32) -> Value {
    let mut server = Command::new(std::env::current_exe().expect("this program has a path"))
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("the server says its address");
    let _server = Server(server);
    let base = format!("http://{}", line.trim());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure(&base, calls))
}

async fn measure(base: &str, calls: u32) -> Value {
    #[expect(
        clippy::disallowed_methods,
        reason = "the raw library is the floor of this measurement"
    )]
    let raw = reqwest::Client::builder()
        .tcp_nodelay(true)
        .build()
        .expect("a client");
    let client = Client::builder()
        .private_token(TOKEN)
        .base_url(base)
        .build()
        .expect("a client");
    let location = client.location("ve9EPM428h8vShlRW1KT");
    let url = format!("{base}/contacts/ocQHyuzHvysMo5N5VsXc");
    for _ in 0..200 {
        raw_call(&raw, &url).await;
        our_call(&location).await;
    }
    let (mut raw_us, mut our_us, mut raw_allocations, mut our_allocations) =
        (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let (started, region) = (Instant::now(), Region::new(crate::ALLOCATOR));
        for _ in 0..calls {
            raw_call(&raw, &url).await;
        }
        raw_us.push(started.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
        raw_allocations.push(allocations(&region, calls));
        let (started, region) = (Instant::now(), Region::new(crate::ALLOCATOR));
        for _ in 0..calls {
            our_call(&location).await;
        }
        our_us.push(started.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
        our_allocations.push(allocations(&region, calls));
    }
    let added: Vec<f64> = our_us
        .iter()
        .zip(&raw_us)
        .map(|(ours, raw)| ours - raw)
        .collect();
    // Round by round: what else the machine does strikes both of a pair alike.
    let ratios = our_us
        .iter()
        .zip(&raw_us)
        .map(|(ours, raw)| ours / raw)
        .collect();
    let (raw_us, our_us) = (median(raw_us), median(our_us));
    json!({
        "bench": "client",
        "calls": calls as usize * ROUNDS,
        "floor": "reqwest, decoding the same type",
        "floor_us_per_call": raw_us,
        "client_us_per_call": our_us,
        "added_us_per_call": median(added),
        "ratio": median(ratios),
        "floor_allocations_per_call": median(raw_allocations),
        "client_allocations_per_call": median(our_allocations),
    })
}

fn allocations(region: &Region<'_, std::alloc::System>, calls: u32) -> f64 {
    let change = region.change();
    #[expect(clippy::cast_precision_loss, reason = "a count of allocations fits")]
    let count = (change.allocations + change.reallocations) as f64;
    count / f64::from(calls)
}

async fn raw_call(client: &reqwest::Client, url: &str) {
    let response = client
        .get(url)
        .bearer_auth(TOKEN)
        .header("version", "2021-07-28")
        .header("accept", "application/json")
        .send()
        .await
        .expect("an answer");
    let contact = response
        .error_for_status()
        .expect("200")
        .json::<Envelope>()
        .await
        .expect("a contact")
        .contact;
    assert_eq!(contact.id.as_str(), "ocQHyuzHvysMo5N5VsXc");
}

async fn our_call(location: &Location) {
    let contact = location
        .contacts()
        .get("ocQHyuzHvysMo5N5VsXc")
        .send()
        .await
        .expect("a contact");
    assert_eq!(contact.id.as_str(), "ocQHyuzHvysMo5N5VsXc");
}

/// Answers every request with the same contact, as fast as a socket allows.
#[expect(clippy::print_stdout, reason = "the parent reads the address")]
pub(crate) fn serve() {
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-ratelimit-limit-daily: 2000000000\r\nx-ratelimit-daily-remaining: 1999999999\r\n\
         x-ratelimit-interval-milliseconds: 1000\r\nx-ratelimit-max: 2000000000\r\n\
         x-ratelimit-remaining: 1999999999\r\n\r\n{BODY}",
        BODY.len()
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        println!("{}", listener.local_addr().expect("bound"));
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = answer.clone();
            let _ = socket.set_nodelay(true);
            tokio::spawn(async move {
                let mut buffer = vec![0; 16 * 1024];
                let mut filled = 0;
                while let Ok(read @ 1..) = socket.read(&mut buffer[filled..]).await {
                    filled += read;
                    // GET requests without a body, one at a time.
                    if buffer[..filled].ends_with(b"\r\n\r\n") {
                        filled = 0;
                        if socket.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
}
