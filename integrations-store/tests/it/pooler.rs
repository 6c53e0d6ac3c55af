//! A pooler in the worst transaction mode there is: two server connections for each client, taken in turns.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

type Message = Vec<u8>;

/// Starts one in front of a server; returns its URL. It ends with the test's runtime.
pub async fn start(url: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (head, rest) = url.rsplit_once(':').unwrap();
    let (server, path) = rest.split_once('/').unwrap();
    let server: u16 = server.parse().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, server));
        }
    });
    format!("{head}:{port}/{path}?sslmode=disable")
}

async fn serve(mut client: TcpStream, server: u16) -> Option<()> {
    let startup = first_message(&mut client).await?;
    let mut servers = Vec::new();
    for number in 0..2 {
        let mut connection = TcpStream::connect(("127.0.0.1", server)).await.ok()?;
        connection.write_all(&startup).await.ok()?;
        let answers = until_ready(&mut connection).await?;
        if number == 0 {
            client.write_all(&answers.concat()).await.ok()?;
        }
        servers.push(connection);
    }
    loop {
        let message = message(&mut client).await?;
        let kind = message[0];
        servers[0].write_all(&message).await.ok()?;
        // Sync and Query: the server answers until it is ready again.
        if matches!(kind, b'S' | b'Q') {
            let answers = until_ready(&mut servers[0]).await?;
            client.write_all(&answers.concat()).await.ok()?;
            let idle = answers.last().and_then(|ready| ready.last()) == Some(&b'I');
            if idle {
                servers.rotate_left(1);
            }
        }
    }
}

async fn until_ready(server: &mut TcpStream) -> Option<Vec<Message>> {
    let mut all = Vec::new();
    loop {
        let message = message(server).await?;
        let ready = message[0] == b'Z';
        all.push(message);
        if ready {
            return Some(all);
        }
    }
}

/// The first message has no kind.
async fn first_message(client: &mut TcpStream) -> Option<Message> {
    let length = client.read_u32().await.ok()?;
    body(client, length.to_be_bytes().to_vec(), length).await
}

async fn message(stream: &mut TcpStream) -> Option<Message> {
    let kind = stream.read_u8().await.ok()?;
    let length = stream.read_u32().await.ok()?;
    let mut start = vec![kind];
    start.extend(length.to_be_bytes());
    body(stream, start, length).await
}

async fn body(stream: &mut TcpStream, mut start: Message, length: u32) -> Option<Message> {
    let mut rest = vec![0; usize::try_from(length).ok()?.checked_sub(4)?];
    stream.read_exact(&mut rest).await.ok()?;
    start.extend(rest);
    Some(start)
}
