//! The mails of a test's app, as a mail program reads them.

use std::path::Path;

/// A received mail.
#[derive(Clone, Debug)]
pub struct ReceivedMail {
    /// The complete mail, as it was sent.
    pub source: String,
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// Reads and removes the files of a folder, the oldest first.
pub fn drain_folder(folder: &Path) -> Vec<ReceivedMail> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|it| it.unwrap().path()).collect();
    // Sort by the id at the end, which grows with time.
    paths.sort_by_key(|it| {
        let name = it.file_stem().unwrap().to_string_lossy().into_owned();
        name[name.len() - 36..].to_owned()
    });
    paths
        .into_iter()
        .map(|path| {
            let source = std::fs::read_to_string(&path).unwrap();
            std::fs::remove_file(path).unwrap();
            read(&source)
        })
        .collect()
}

/// Reads a mail of two parts.
pub fn read(source: &str) -> ReceivedMail {
    let (head, body) = source.split_once("\r\n\r\n").unwrap();
    let boundary = head.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let parts: Vec<_> = body.split(&format!("--{boundary}")).collect();
    let part = |kind: &str| {
        let part = parts.iter().find(|it| it.contains(&format!("Content-Type: {kind}"))).unwrap();
        let (head, text) = part.trim_start().split_once("\r\n\r\n").unwrap();
        decode(head, text).replace("\r\n", "\n")
    };
    let header = |name: &str| {
        let unfolded = head.replace("\r\n ", " ");
        let line = unfolded.split("\r\n").find(|it| it.starts_with(&format!("{name}: "))).unwrap();
        line[name.len() + 2..].to_owned()
    };
    ReceivedMail {
        to: header("To"),
        subject: header("Subject"),
        text: part("text/plain"),
        source: source.to_owned(),
    }
}

/// Decodes a part (RFC 2045, section 6).
fn decode(head: &str, text: &str) -> String {
    if head.contains("Content-Transfer-Encoding: quoted-printable") {
        let mut bytes = Vec::new();
        let mut rest = text.replace("=\r\n", "").into_bytes().into_iter();
        while let Some(b) = rest.next() {
            if b == b'=' {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                let digits = String::from_utf8(digits.to_vec()).unwrap();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
            } else {
                bytes.push(b);
            }
        }
        return String::from_utf8(bytes).unwrap();
    }
    assert!(head.contains("7bit"), "{head}");
    text.to_owned()
}

impl ReceivedMail {
    /// Returns the paths of the links with tickets, in their order in the text.
    pub fn links(&self) -> Vec<String> {
        let at = |it: &str| it.find("/tickets/").map(|at| it[at..].to_owned());
        self.text.split_whitespace().filter_map(at).collect()
    }

    /// Returns the path of the first link.
    pub fn link(&self) -> String {
        self.links().first().unwrap_or_else(|| panic!("no link in {}", self.text)).clone()
    }

    /// Returns the path of the last link: the one that secures the account if the mail has it.
    pub fn not_me(&self) -> String {
        self.links().pop().unwrap()
    }
}
