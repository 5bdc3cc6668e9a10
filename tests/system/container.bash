# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the scripts share that boot a systemd in a container of systemd-nspawn. A script sources this in a mount namespace of its
# own, which ends with it; so do the container's processes.

# Says why there is nothing to test; that counts as a failed test.
die() {
  echo "Bail out! $*"
  exit 1
}

# usage: need_tools TOOL ...
need_tools() {
  local tool
  for tool; do
    command -v "$tool" >/dev/null || die "$tool is not installed"
  done
}

own_cgroup() {
  sed -n 's/^0:://p' /proc/self/cgroup
}

# cgroups are the one thing that outlives the namespaces.
remove_cgroup() {
  local try
  echo 1 >"$cgroup/cgroup.kill"
  for ((try = 0; try < 100; try++)); do
    if find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null; then
      return
    fi
    sleep 0.05
  done
  echo "# $cgroup is still in use"
}

# Makes a cgroup for the container and sets cgroup to its directory; remove_cgroup removes it. systemd-nspawn reads from
# /sys/fs/cgroup which kind of cgroups this machine has. Here it finds the unified one, also where that is mounted elsewhere.
make_cgroup() {
  mount -t cgroup2 none /sys/fs/cgroup || die "this kernel has no cgroup2"
  cgroup=/sys/fs/cgroup$(own_cgroup)
  cgroup=${cgroup%/}/$1-$$
  mkdir "$cgroup" || die "cannot make a cgroup below this one"
}

# Runs a command in that cgroup, and in a process namespace that ends when this process does.
# usage: go_inside COMMAND [ARGUMENT ...]
go_inside() {
  # shellcheck disable=SC2016 # for the other shell
  setpriv --pdeathsig KILL unshare --pid --fork --kill-child --mount-proc \
    sh -c 'echo 0 >"$0/cgroup.procs" && exec "$@"' "$cgroup" "$@" &
  # Unlike a command in the foreground, this lets a signal through.
  wait $!
}

# Boots ROOT and prints what the container appends to the file TAP, until it powers off or SECONDS have passed.
# usage: boot_container ROOT TAP SECONDS CONSOLE [OPTION-OF-NSPAWN ...] [ARGUMENT-OF-SYSTEMD ...]
boot_container() {
  local root=$1 tap=$2 seconds=$3 console=$4 container
  shift 4
  touch "$tap"
  # In a cgroup namespace, a process at its top would seem to be charged to no memory cgroup.
  timeout --kill-after=5 "$seconds" env SYSTEMD_NSPAWN_USE_CGNS=0 systemd-nspawn --quiet --boot --directory="$root" --register=no --keep-unit \
    --link-journal=no --timezone=off --console=pipe "$@" quiet </dev/null >"$console" 2>&1 &
  container=$!
  tail -n +1 -f --pid=$container "$tap"
  wait $container || true
}
