//! Clients that hold connections without using them, against the real binary over real sockets, with a low
//! limit on open files.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::app::Folder;
use crate::support::process::{Server, pause, read_to_end};

/// Requests the site's largest file many times and reads nothing.
fn pipeline_requests(server: &Server, path: &str) -> Option<TcpStream> {
    let mut stream = server.connect();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(400);
    // `None` if the server closed the connection at once.
    stream.write_all(request.as_bytes()).ok().map(|()| stream)
}

/// Returns whether the server closes the connection within this time. It may send data first.
fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    let end = Instant::now() + within;
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut buffer = [0; 8192];
    while Instant::now() < end {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return true,
        }
    }
    false
}

fn largest_file() -> String {
    match portcullis::server::assets::entry() {
        Some(entry) => entry.wasm.clone(),
        // If the site was not built, there are still pages.
        None => "/sign-in".to_owned(),
    }
}

#[test]
fn v5_0_0__15_2_2__clients_that_read_nothing_do_not_stop_the_server() {
    let folder = Folder::new();
    let settings = [
        ("PORTCULLIS_HTTP__WRITE_TIMEOUT", "2s"),
        ("PORTCULLIS_HTTP__CONNECTIONS_PER_ADDRESS", "1000"),
    ];
    let mut server = Server::start_with_files(folder.path(), &settings, 128);
    let file = largest_file();
    let held: Vec<_> = (0..125).filter_map(|_| pipeline_requests(&server, &file)).collect();
    let began = Instant::now();
    // These clients occupy all connections, but only until the write timeout.
    while !server.try_get("/health/live").starts_with("HTTP/1.1 200") {
        // The default is longer.
        assert!(began.elapsed() < Duration::from_secs(25), "nobody is served");
        pause(Duration::from_millis(100));
    }
    assert!(server.get("/sign-in").starts_with("HTTP/1.1 200"), "files for more than a socket");
    drop(held);
    server.terminate();
    let log = server.wait_for("stopped");
    assert!(log.contains("too many connections"), "{log}");
    assert!(!log.contains("Too many open files"), "{log}");
}

#[test]
fn v5_0_0__15_2_2__one_client_cannot_occupy_all_connections() {
    let folder = Folder::new();
    let server =
        Server::start_with_files(folder.path(), &[("PORTCULLIS_HTTP__HEADER_TIMEOUT", "1m")], 128);
    let held: Vec<_> = (0..200).map(|_| server.connect()).collect();
    pause(Duration::from_millis(300));
    let other = server.get_from("127.0.0.2", "/health/live");
    assert!(other.starts_with("HTTP/1.1 200"), "{other:?}");
    drop(held);
    // Closed connections make room for new ones.
    pause(Duration::from_millis(300));
    assert!(server.get("/health/live").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_trusted_proxy_may_hold_more_connections_than_a_client() {
    let folder = Folder::new();
    let held = |settings: &[(&str, &str)]| {
        let server = Server::start(folder.path(), settings);
        let mut streams: Vec<_> = (0..12).map(|_| server.connect()).collect();
        pause(Duration::from_millis(300));
        let closed = |it: &mut TcpStream| is_closed(it, Duration::from_millis(100));
        streams.iter_mut().filter_map(|it| (!closed(it)).then_some(())).count()
    };
    let few = ("PORTCULLIS_HTTP__CONNECTIONS_PER_ADDRESS", "5");
    assert_eq!(held(&[few]), 5);
    assert_eq!(held(&[few, ("PORTCULLIS_HTTP__TRUSTED_PROXIES", "127.0.0.0/8")]), 12);
    let all = ("PORTCULLIS_HTTP__CONNECTIONS", "7");
    assert_eq!(held(&[few, all, ("PORTCULLIS_HTTP__TRUSTED_PROXIES", "127.0.0.0/8")]), 7);
}

#[test]
fn v5_0_0__15_2_2__stalled_connections_are_closed_and_oversized_heads_get_a_431() {
    let folder = Folder::new();
    let settings = [
        ("PORTCULLIS_HTTP__HEADER_TIMEOUT", "1s"),
        ("PORTCULLIS_HTTP__REQUEST_TIMEOUT", "1s"),
        ("PORTCULLIS_HTTP__HEADER_LIMIT", "16384"),
    ];
    let server = Server::start(folder.path(), &settings);
    let wait = Duration::from_secs(5);
    let get = "GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for (what, sent) in [
        ("nothing", String::new()),
        ("half a line", "GET /hea".to_owned()),
        ("half a head", "GET / HTTP/1.1\r\nhost: localhost\r\n".to_owned()),
        ("no second request", get.to_owned()),
        ("a body that does not come", server.head("/api/sign-up", 1000, "")),
        ("a body for no form", server.head("/nowhere", 1000, "")),
        (
            "a body that is refused unread",
            server.head("/api/sign-up", 1000, "").replace("origin", "x"),
        ),
    ] {
        let mut stream = server.connect();
        stream.write_all(sent.as_bytes()).unwrap();
        assert!(is_closed(&mut stream, wait), "{what}");
    }
    for (what, more) in [
        ("a long value", format!("x: {}\r\n", "y".repeat(17_000))),
        ("many values", "x: y\r\n".repeat(150)),
        ("a long cookie", format!("cookie: x={}\r\n", "y".repeat(17_000))),
    ] {
        let mut stream = server.connect();
        let request = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{more}\r\n");
        // The server may close the connection before the whole request is sent.
        let _ = stream.write_all(request.as_bytes());
        let answer = read_to_end(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 431"), "{what}: {answer}");
    }
}

/// A slow client is not a stuck one: it is sent everything, even if it reads a little at a time.
#[test]
fn a_client_that_reads_slowly_gets_all_of_a_file() {
    let folder = Folder::new();
    let server = Server::start(folder.path(), &[("PORTCULLIS_HTTP__WRITE_TIMEOUT", "1s")]);
    let path = largest_file();
    let head = server.get(&path);
    let (_, length) = head.split_once("content-length: ").unwrap();
    let whole: usize = length.split("\r\n").next().unwrap().parse().unwrap();
    let mut stream = server.connect();
    let asked = 20;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(asked - 1)
        + &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let (mut read, mut buffer) = (0, vec![0; whole]);
    let began = Instant::now();
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            n => read += n,
        }
        if began.elapsed() < Duration::from_secs(3) {
            pause(Duration::from_millis(400));
        }
    }
    assert!(read > whole * asked, "{read} of {asked} times {whole}");
}
