use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

use super::body::SimBody;

/// What answers requests.
pub(crate) trait Serve: Send + Sync + 'static {
    /// Answers one; `cut` ends its connection.
    fn exchange(
        self: Arc<Self>,
        cut: Arc<Cut>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<SimBody>> + Send;
}

/// Cuts a connection from within one of its requests.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    asked: Notify,
    reset: AtomicBool,
}

impl Cut {
    /// Sends a TCP reset.
    fn reset(&self) {
        self.reset.store(true, Ordering::SeqCst);
        self.asked.notify_one();
    }

    /// Ends the connection in an orderly way, in the middle of what it was sending.
    pub(crate) fn close(&self) {
        self.asked.notify_one();
    }
}

/// Accepts until told to stop.
pub(crate) async fn run<S: Serve>(listener: TcpListener, shared: Arc<S>, stop: Arc<Notify>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A failed accept is the peer's failure.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(Arc::clone(&shared), stream));
                }
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            () = stop.notified() => break,
        }
    }
    connections.shutdown().await;
}

async fn connection<S: Serve>(shared: Arc<S>, stream: TcpStream) {
    // Without this, small answers wait for the peer's acknowledgement.
    let _ = stream.set_nodelay(true);
    let cut = Arc::new(Cut::default());
    let service = {
        let cut = Arc::clone(&cut);
        service_fn(move |request| {
            let exchange = Arc::clone(&shared).exchange(Arc::clone(&cut), request);
            async move { Ok::<_, Infallible>(exchange.await) }
        })
    };
    let mut connection = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service);
    // The connection goes first, so that what it has to say is sent before it is cut.
    let finished = {
        let drive = poll_fn(|cx| Pin::new(&mut connection).poll(cx));
        tokio::select! {
            biased;
            _ = drive => true,
            () = cut.asked.notified() => false,
        }
    };
    if !finished {
        let stream = connection.into_parts().io.into_inner();
        if cut.reset.load(Ordering::SeqCst) {
            // Closing with a linger time of zero sends a reset.
            let _ = stream.set_zero_linger();
        }
    }
}

/// Resets the connection and waits for the end.
pub(crate) async fn never(cut: &Cut) -> Response<SimBody> {
    cut.reset();
    pending().await
}
