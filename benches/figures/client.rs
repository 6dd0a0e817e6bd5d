//! Requests, each over a connection of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::Result;

/// The `Accept` header of Chromium.
pub const ACCEPT: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

const TIMEOUT: Duration = Duration::from_secs(30);

/// A response.
pub struct Response {
    pub status: u16,
    /// Status line and headers, with the empty line.
    pub head: String,
    /// Without the transfer coding.
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// Returns all values of one header.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.head.lines().skip(1).filter_map(move |line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub fn get(address: SocketAddr, path: &str, headers: &str) -> Result<Response> {
    send(address, &format!("GET {path} HTTP/1.1\r\nAccept: {ACCEPT}\r\n{headers}"), "")
}

/// Returns the origin of the server at this address. Browsers offer no passkeys at IP addresses.
pub fn origin(address: SocketAddr) -> String {
    format!("http://localhost:{}", address.port())
}

/// Calls a server function as the hydrated page does. `cookie` may be empty.
pub fn call(
    address: SocketAddr,
    path: &str,
    fields: &[(&str, &str)],
    cookie: &str,
) -> Result<Response> {
    submit(address, path, fields, &format!("Accept: application/json\r\nCookie: {cookie}\r\n"))
}

/// Posts a form as a browser without scripts does.
pub fn post(address: SocketAddr, path: &str, fields: &[(&str, &str)]) -> Result<Response> {
    submit(address, path, fields, &format!("Accept: {ACCEPT}\r\n"))
}

fn submit(
    address: SocketAddr,
    path: &str,
    fields: &[(&str, &str)],
    headers: &str,
) -> Result<Response> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let head = format!(
        "POST {path} HTTP/1.1\r\n{headers}Origin: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        origin(address),
        body.len()
    );
    send(address, &head, &body)
}

fn send(address: SocketAddr, head: &str, body: &str) -> Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(
        format!("{head}Host: {address}\r\nConnection: close\r\n\r\n{body}").as_bytes(),
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    read(&bytes).ok_or_else(|| {
        format!("{} got a response that is not HTTP", head.lines().next().unwrap_or_default())
            .into()
    })
}

fn read(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut response = Response { status, head, body: bytes[end..].to_vec() };
    let is_whole = match response.header("transfer-encoding") {
        Some(_) => {
            response.body = dechunk(&response.body)?;
            true
        }
        None => {
            response.header("content-length").is_none_or(|it| it.parse() == Ok(response.body.len()))
        }
    };
    is_whole.then_some(response)
}

/// Decodes a chunked body (RFC 9112, section 7.1).
fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|it| it == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let chunk = &rest[line + 2..];
        body.extend_from_slice(chunk.get(..size)?);
        rest = chunk.get(size + 2..)?;
    }
}
