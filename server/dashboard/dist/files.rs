//! The files of the pages. Written by `npm run build` in `server/dashboard/`.

use super::File;

/// All of them, by their paths.
pub const FILES: &[File] = &[
    File { path: "assets/editor-BbyzexEM.js", kind: "text/javascript; charset=utf-8", hash: "f933f3f0553d7f9b", kept: true, plain: include_bytes!("assets/editor-BbyzexEM.js"), brotli: include_bytes!("assets/editor-BbyzexEM.js.br"), gzip: include_bytes!("assets/editor-BbyzexEM.js.gz") },
    File { path: "assets/index-BNixxJ-e.css", kind: "text/css; charset=utf-8", hash: "f4762ba6841c2144", kept: true, plain: include_bytes!("assets/index-BNixxJ-e.css"), brotli: include_bytes!("assets/index-BNixxJ-e.css.br"), gzip: include_bytes!("assets/index-BNixxJ-e.css.gz") },
    File { path: "assets/index-CR65jWBH.js", kind: "text/javascript; charset=utf-8", hash: "be35a478eb9670ef", kept: true, plain: include_bytes!("assets/index-CR65jWBH.js"), brotli: include_bytes!("assets/index-CR65jWBH.js.br"), gzip: include_bytes!("assets/index-CR65jWBH.js.gz") },
    File { path: "assets/uPlot-CnsZ1jie.css", kind: "text/css; charset=utf-8", hash: "0fd9465202f6dfce", kept: true, plain: include_bytes!("assets/uPlot-CnsZ1jie.css"), brotli: include_bytes!("assets/uPlot-CnsZ1jie.css.br"), gzip: include_bytes!("assets/uPlot-CnsZ1jie.css.gz") },
    File { path: "assets/uPlot.esm-Cnx-LnSu.js", kind: "text/javascript; charset=utf-8", hash: "f59daa4a26a10243", kept: true, plain: include_bytes!("assets/uPlot.esm-Cnx-LnSu.js"), brotli: include_bytes!("assets/uPlot.esm-Cnx-LnSu.js.br"), gzip: include_bytes!("assets/uPlot.esm-Cnx-LnSu.js.gz") },
    File { path: "icon-192.png", kind: "image/png", hash: "708ce7db9e16a620", kept: false, plain: include_bytes!("icon-192.png"), brotli: &[], gzip: &[] },
    File { path: "icon-512.png", kind: "image/png", hash: "c55ccbac15be214b", kept: false, plain: include_bytes!("icon-512.png"), brotli: &[], gzip: &[] },
    File { path: "icon.svg", kind: "image/svg+xml", hash: "087d33c5bd0364b6", kept: false, plain: include_bytes!("icon.svg"), brotli: include_bytes!("icon.svg.br"), gzip: include_bytes!("icon.svg.gz") },
    File { path: "index.html", kind: "text/html; charset=utf-8", hash: "1e95105e6b76d658", kept: false, plain: include_bytes!("index.html"), brotli: include_bytes!("index.html.br"), gzip: include_bytes!("index.html.gz") },
    File { path: "manifest.webmanifest", kind: "application/manifest+json", hash: "056ced500fbe9006", kept: false, plain: include_bytes!("manifest.webmanifest"), brotli: include_bytes!("manifest.webmanifest.br"), gzip: include_bytes!("manifest.webmanifest.gz") },
];
