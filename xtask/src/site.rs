//! `target/site`: the files that the server serves.

use fs_err as fs;

use crate::{
    NAME, Paths, Result, browser, compress, css,
    files::{self, Changes, Files},
};

/// Puts `public/`, the browser half and the style sheet where the server's build looks for them.
pub fn lay_out(paths: &Paths) -> Result<Changes> {
    let mut pkg = files::read(&browser::output(paths))?;
    add_style(&mut pkg, paths)?;
    let mut site = files::read(&paths.root.join("public"))?;
    site.extend(in_hashed_folder(pkg));
    compress::add_variants(&mut site, &paths.work.join("compressed"))?;
    fs::create_dir_all(&paths.site)?;
    files::sync(&paths.site, &site)
}

/// Puts `public/`, the browser half and the style sheet where a development build of the server reads them.
pub fn lay_out_dev(paths: &Paths) -> Result<Changes> {
    let mut pkg = files::read(&browser::dev_output(paths))?;
    add_style(&mut pkg, paths)?;
    let mut site = files::read(&paths.root.join("public"))?;
    site.extend(pkg.into_iter().map(|(name, content)| (format!("pkg/{name}"), content)));
    fs::create_dir_all(&paths.dev_site)?;
    files::sync(&paths.dev_site, &site)
}

fn add_style(pkg: &mut Files, paths: &Paths) -> Result<()> {
    let style = paths.root.join("style/main.css");
    if style.exists() {
        pkg.insert(format!("{NAME}.css"), css::bundle(&style)?.into_bytes());
    }
    Ok(())
}

/// Puts the files in a folder named after their content, so that they can be cached forever. They refer to
/// each other relatively, so none needs rewriting.
fn in_hashed_folder(pkg: Files) -> Files {
    let hash = files::digest(pkg.iter().map(|(name, content)| (name.as_str(), content.as_slice())));
    pkg.into_iter().map(|(name, content)| (format!("pkg/{hash}/{name}"), content)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_named_after_everything_in_it() {
        let name = |script: &str| {
            let pkg = Files::from([
                ("a.css".into(), Vec::new()),
                ("a.js".into(), script.as_bytes().to_vec()),
            ]);
            in_hashed_folder(pkg).into_keys().next().unwrap()
        };
        assert_eq!(name("1"), name("1"));
        assert_ne!(name("1"), name("2"));
        assert!(name("1").starts_with("pkg/") && name("1").ends_with("/a.css"));
    }
}
