//! Two processes on one PostgreSQL database, behind a proxy that distributes requests between them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, COOKIE, HeaderMap, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use crate::support::app::{Database, Folder};
use crate::support::process::{Server, err, free_port, out, portcullis};
use crate::support::{ADA, EVE, Engine, KEY, PASSWORD};

/// nginx in front of both processes; killed when dropped.
struct Proxy(Child);

impl Proxy {
    fn start(folder: &Path, port: u16, upstream: [u16; 2]) -> Self {
        let found = Command::new("scripts/nginx").output().unwrap();
        assert!(found.status.success(), "{}", err(&found));
        let servers =
            upstream.map(|it| format!("server 127.0.0.1:{it} max_fails=1 fail_timeout=1s;"));
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|it| format!("{it}_temp_path {}/{it};\n", folder.display()))
            .concat();
        // As in the documentation, except for the paths of nginx's own files.
        let config = format!(
            "daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n\
             events {{ worker_connections 512; }}\n\
             http {{\naccess_log off;\n{temporary}\
             upstream portcullis {{ {} {} }}\n\
             server {{\nlisten 127.0.0.1:{port};\nlocation / {{\n\
             proxy_pass http://portcullis;\n\
             proxy_set_header X-Forwarded-For $remote_addr;\n\
             proxy_connect_timeout 2s;\n\
             proxy_next_upstream error;\n}} }} }}\n",
            servers[0],
            servers[1],
            folder = folder.display(),
        );
        let path = folder.join("nginx.conf");
        std::fs::write(&path, config).unwrap();
        let child = Command::new(out(&found).trim())
            .args(["-c", path.to_str().unwrap(), "-e", "stderr"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A browser that can send requests to either process or to the proxy.
pub struct Visitor {
    client: Client,
    site: String,
    cookies: BTreeMap<String, String>,
}

impl Visitor {
    pub fn new(site: &str) -> Self {
        // The first call installs the provider for the process; later calls return an error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(Policy::none()).no_proxy();
        let client = client.timeout(Duration::from_secs(20)).build().unwrap();
        Self { client, site: site.to_owned(), cookies: BTreeMap::new() }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, it)| format!("{name}={it}")).collect();
        headers.insert(COOKIE, cookies.join("; ").parse().unwrap());
        headers.insert(ORIGIN, self.site.parse().unwrap());
        headers.insert(ACCEPT, "application/json".parse().unwrap());
        headers
    }

    fn store_cookie(&mut self, response: &Response) {
        for cookie in response.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Requests a page from this port and returns the status.
    pub async fn get(&mut self, port: u16, path: &str) -> u16 {
        let address = format!("http://127.0.0.1:{port}{path}");
        let answer = self.client.get(address).headers(self.headers()).send().await.unwrap();
        self.store_cookie(&answer);
        answer.status().as_u16()
    }

    /// Calls a server function and returns the status, or none if there was no response.
    pub async fn post(&mut self, port: u16, path: &str, fields: &[(&str, &str)]) -> Option<u16> {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let address = format!("http://127.0.0.1:{port}{path}");
        let request = self.client.post(address).headers(self.headers());
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.ok()?;
        self.store_cookie(&answer);
        Some(answer.status().as_u16())
    }

    /// Calls a server function without fields and returns its response.
    pub async fn json(&mut self, port: u16, path: &str) -> serde_json::Value {
        let address = format!("http://127.0.0.1:{port}{path}");
        let request = self.client.post(address).headers(self.headers());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }
}

/// Both processes, the proxy in front of them, and the folders in which they keep their mails.
struct Site {
    servers: [Server; 2],
    ports: [u16; 2],
    port: u16,
    url: String,
    database: String,
    folders: [Folder; 2],
    _proxy: Proxy,
    _folder: Folder,
}

impl Site {
    async fn start(engine: Engine) -> Self {
        let place = Folder::new();
        let database = Database::create(engine, place.path()).await.url;
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let settings = [
            ("PORTCULLIS_DATABASE__URL", database.as_str()),
            ("PORTCULLIS_SITE__URL", &url),
            ("PORTCULLIS_SITE__KEY", KEY),
            ("PORTCULLIS_HTTP__TRUSTED_PROXIES", "127.0.0.1"),
            ("PORTCULLIS_LIMIT__SIGN_UP_ADDRESS", "none"),
            // Nothing reads the log after the start, and a full pipe would block the servers.
            ("PORTCULLIS_LOG__FILTER", "error,portcullis::site::serve=info"),
            ("PORTCULLIS_LIMIT__RECOVERY_ADDRESS", "3/1h"),
        ];
        let folders = [Folder::new(), Folder::new()];
        // Both start at once on an empty database.
        let mut servers = folders.each_ref().map(|it| Server::launch(it.path(), &settings));
        for it in &mut servers {
            it.wait_for("serving");
        }
        let ports = servers.each_ref().map(|it| it.port);
        let proxy = Proxy::start(place.path(), port, ports);
        let mut visitor = Visitor::new(&url);
        for _ in 0..200 {
            let address = format!("{url}/health/ready");
            match visitor.client.get(address).send().await {
                Ok(answer) if answer.status() == 200 => break,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        assert_eq!(visitor.get(port, "/health/ready").await, 200);
        Self { servers, ports, port, url, database, folders, _proxy: proxy, _folder: place }
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(&self.url)
    }

    async fn signed_in_visitor(&self, email: &str) -> Visitor {
        let mut visitor = self.visitor();
        let pair = [("email", email), ("password", PASSWORD)];
        assert_eq!(visitor.post(self.port, "/api/sign-up", &pair).await, Some(200));
        assert_eq!(visitor.post(self.port, "/api/sign-in/password", &pair).await, Some(200));
        visitor
    }

    fn command(&self, arguments: &[&str]) -> String {
        let settings =
            [("PORTCULLIS_DATABASE__URL", self.database.as_str()), ("PORTCULLIS_SITE__KEY", KEY)];
        let output =
            portcullis(self.folders[0].path(), &settings).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", err(&output));
        out(&output)
    }

    /// Returns all mails that either process has sent.
    fn mails(&self) -> Vec<PathBuf> {
        let files = self
            .folders
            .iter()
            .filter_map(|it| std::fs::read_dir(it.path().join("portcullis-data/mails")).ok());
        let files = files.flatten().map(|it| it.unwrap().path());
        // Skip files that are still being written: a file gets its name when it is complete.
        files.filter(|it| it.extension().is_some_and(|it| it == "eml")).collect()
    }
}

#[test]
fn two_processes_behind_a_proxy_act_as_one_site() {
    crate::support::on_postgres(module_path!(), |engine| Box::pin(check_replicas(engine)));
}

async fn check_replicas(engine: Engine) {
    let mut site = Site::start(engine).await;
    let [one, other] = site.ports;

    // A session works in every process, wherever it started.
    let mut ada = site.signed_in_visitor(ADA).await;
    for port in [one, other, site.port, site.port, site.port, site.port] {
        assert_eq!(ada.get(port, "/dashboard").await, 200);
    }

    // A new role counts in both processes from the next request on, and so does its removal.
    site.command(&["user", "create", "root@example.com", "--admin"]);
    assert_eq!([ada.get(one, "/admin").await, ada.get(other, "/admin").await], [403, 403]);
    let prove = "UPDATE users SET email_verified_at = created_at";
    let pool = sqlx::PgPool::connect(&site.database).await.unwrap();
    sqlx::query(prove).execute(&pool).await.unwrap();
    site.command(&["user", "roles", ADA, "--add", "administrator"]);
    assert_eq!([ada.get(one, "/admin").await, ada.get(other, "/admin").await], [200, 200]);
    site.command(&["user", "roles", ADA, "--remove", "administrator"]);
    assert_eq!([ada.get(one, "/admin").await, ada.get(other, "/admin").await], [403, 403]);

    // The processes share the counters of rate limits.
    let mut asking = site.visitor();
    let mut counted = Vec::new();
    for n in 0..5 {
        let email = format!("nobody{n}@example.com");
        let port = if n % 2 == 0 { one } else { other };
        counted.push(asking.post(port, "/api/recovery/ask", &[("email", &email)]).await.unwrap());
    }
    assert_eq!(counted, [200, 200, 200, 429, 429]);

    // A sign-out in one process ends the session in the other.
    let mut eve = site.signed_in_visitor(EVE).await;
    let cookies = eve.cookies.clone();
    assert_eq!(eve.post(one, "/api/sign-out", &[]).await, Some(200));
    eve.cookies = cookies;
    assert_eq!(eve.post(other, "/api/viewer", &[]).await, Some(401));

    // One process is killed under load: everything it acknowledged is stored, and every session continues.
    let (gone, goes_on) = (Arc::new(AtomicBool::new(false)), Duration::from_secs(1));
    let mut joining = Vec::new();
    for n in 0..4 {
        let (mut visitor, port, gone) = (site.visitor(), site.port, Arc::clone(&gone));
        joining.push(tokio::spawn(async move {
            let (mut before, mut after) = (Vec::new(), Vec::new());
            let mut end = None;
            for m in 0.. {
                let email = format!("join{n}x{m}@example.com");
                let pair = [("email", email.as_str()), ("password", PASSWORD)];
                if gone.load(Ordering::Relaxed) {
                    end.get_or_insert_with(|| Instant::now() + goes_on);
                }
                if visitor.post(port, "/api/sign-up", &pair).await == Some(200) {
                    if end.is_some() { after.push(email) } else { before.push(email) }
                }
                if end.is_some_and(|it| Instant::now() > it) {
                    break;
                }
            }
            (before, after)
        }));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    site.servers[0].kill();
    gone.store(true, Ordering::Relaxed);
    let (mut acknowledged, mut later) = (Vec::new(), 0);
    for it in joining {
        let (before, after) = it.await.unwrap();
        later += after.len();
        acknowledged.extend(before.into_iter().chain(after));
    }
    assert!(later > 0 && acknowledged.len() > later, "{later} of {}", acknowledged.len());
    let users: Vec<String> =
        sqlx::query_scalar("SELECT email FROM users").fetch_all(&pool).await.unwrap();
    for email in &acknowledged {
        assert!(users.contains(email), "{email} was told that it is done");
    }
    for _ in 0..6 {
        assert_eq!(ada.get(site.port, "/dashboard").await, 200);
    }

    // Each mail was sent once, except for those that the killed process was sending, eight at most. Another
    // process takes those over when they are due, which is now.
    let waiting = async |most: i64| {
        let waiting = "SELECT COUNT(*) FROM mails WHERE sent_at IS NULL";
        for _ in 0..300 {
            let left: i64 = sqlx::query_scalar(waiting).fetch_one(&pool).await.unwrap();
            if left <= most {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("more than {most} mails wait");
    };
    waiting(8).await;
    sqlx::query("UPDATE mails SET due_at = 0 WHERE sent_at IS NULL").execute(&pool).await.unwrap();
    waiting(0).await;
    let sent: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM mails WHERE sent_at IS NOT NULL")
        .fetch_one(&pool)
        .await
        .unwrap();
    let files = site.mails();
    let ids: BTreeSet<_> = files
        .iter()
        .map(|it| {
            let name = it.file_stem().unwrap().to_string_lossy().into_owned();
            name[name.len() - 36..].to_owned()
        })
        .collect();
    let (files, ids) = (i64::try_from(files.len()).unwrap(), i64::try_from(ids.len()).unwrap());
    assert!(sent > 10 && ids == sent && (ids..=ids + 8).contains(&files), "{sent} {ids} {files}");
    assert!(site.command(&["audit", "verify"]).contains("No event was changed or is missing."));
    pool.close().await;
}
