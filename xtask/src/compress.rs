//! The brotli and gzip variants beside each file of the site.

use std::{io::Write as _, path::Path};

use fs_err as fs;

use flate2::{Compression, write::GzEncoder};

use crate::{
    Result,
    files::{self, Files},
};

/// Below this size a response fits one packet either way.
const MIN_SIZE: usize = 256;

/// File types that are compressed already.
const COMPRESSED: [&str; 11] =
    ["avif", "br", "gif", "gz", "ico", "jpeg", "jpg", "png", "webp", "woff", "woff2"];

/// Adds `name.br` and `name.gz` for each file that they make smaller.
///
/// `cache` keeps compressed files by content, so that a changed style sheet does not cost compressing the
/// wasm again.
pub fn add_variants(files: &mut Files, cache: &Path) -> Result<()> {
    let known = files::read(cache)?;
    let mut used = Files::new();
    let mut variants = Files::new();
    for (name, content) in files.iter().filter(|(name, content)| is_compressible(name, content)) {
        let key = files::digest([("", content.as_slice())]);
        for (kind, compress) in [("br", brotli as fn(&[u8]) -> Result<Vec<u8>>), ("gz", gzip)] {
            let entry = format!("{key}.{kind}");
            let packed = match used.get(&entry).or_else(|| known.get(&entry)) {
                Some(packed) => packed.clone(),
                None => compress(content)?,
            };
            if packed.len() < content.len() {
                variants.insert(format!("{name}.{kind}"), packed.clone());
            }
            used.insert(entry, packed);
        }
    }
    fs::create_dir_all(cache)?;
    files::sync(cache, &used)?;
    files.extend(variants);
    Ok(())
}

fn is_compressible(name: &str, content: &[u8]) -> bool {
    let kind = name.rsplit_once('.').map_or("", |(_, kind)| kind);
    content.len() >= MIN_SIZE && !COMPRESSED.contains(&kind)
}

pub fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let options = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut packed, &options)?;
    Ok(packed)
}

pub fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_compressible_files_get_compressed_variants() {
        let cache = std::env::temp_dir().join(format!("xtask-compress-{}", std::process::id()));
        let text = "a page of text ".repeat(100).into_bytes();
        let mut files = Files::from([
            ("a.css".into(), text.clone()),
            ("b.png".into(), text.clone()),
            ("c.css".into(), b"a{}".to_vec()),
        ]);
        add_variants(&mut files, &cache).unwrap();
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["a.css", "a.css.br", "a.css.gz", "b.png", "c.css"]);

        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &files["a.css.br"][..], &mut plain).unwrap();
        assert_eq!(plain, text);
        fs::remove_dir_all(&cache).unwrap();
    }
}
