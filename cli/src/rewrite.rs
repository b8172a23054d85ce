//! Writing a file anew: the whole text or the old one stands there, never a part.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::error::Trouble;

/// Replaces the text of a file; its permissions stay, and a link stays a link.
pub fn rewrite(path: &Path, text: &str) -> Result<(), Trouble> {
    let failed =
        |error: std::io::Error| Trouble::new(format!("`{}` cannot be written: {error}", path.display()));
    let target = path.canonicalize().map_err(failed)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let beside = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = (|| {
        let mut file = File::options().write(true).create_new(true).open(&beside)?;
        file.set_permissions(fs::metadata(&target)?.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &target)
    })();
    written.map_err(|error| {
        // What is left of the attempt is of no use to anybody.
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}
