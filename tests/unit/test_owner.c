/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "model/owner.h"
#include "unit.h"

#include <string.h>

/* 64 digits that begin with those that are shown. */
#define ID    "0123456789ab0123456789abcdef0123456789abcdef0123456789abcdef0123"
#define OTHER "fedcba987654fedcba9876543210fedcba9876543210fedcba9876543210fedc"

#define UID    "a1b2c3d4-0011-2233-4455-66778899aabb"
#define UID_   "a1b2c3d4_0011_2233_4455_66778899aabb"
#define STATIC "00112233445566778899aabbccddeeff"

/* 32 blanks. */
#define BLANKS    "                                "
#define ESCAPED_8 "\\x20\\x20\\x20\\x20\\x20\\x20\\x20\\x20"
#define ESCAPED   ESCAPED_8 ESCAPED_8 ESCAPED_8 ESCAPED_8 ESCAPED_8 ESCAPED_8 ESCAPED_8

#define USER "/user.slice/user-1000.slice/user@1000.service"

struct row {
	const char *path;
	enum owner_kind kind;
	const char *name, *unit;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct owner o;

		owner_from_path(rows[i].path, &o);
		if (o.kind != rows[i].kind || strcmp(o.name, rows[i].name) != 0 ||
			strcmp(o.unit, rows[i].unit) != 0)
			fail_msg("%s: %s \"%s\" \"%s\"", rows[i].path,
				name_of(owner_kind_names, o.kind), o.name, o.unit);
	}
}

static void test_owner_systemd(void **state)
{
	static const struct row rows[] = {
		{"/", OWNER_ROOT, "the root cgroup", ""},
		{"", OWNER_ROOT, "the root cgroup", ""},
		{"/init.scope", OWNER_UNIT, "init.scope", "init.scope"},
		{"/system.slice", OWNER_UNIT, "system.slice", "system.slice"},
		{"/system.slice/nginx.service", OWNER_UNIT, "nginx.service", "nginx.service"},
		{"/system.slice/ssh.socket", OWNER_UNIT, "ssh.socket", "ssh.socket"},
		{"/system.slice/system-postgresql.slice/postgresql@15-main.service", OWNER_UNIT,
			"postgresql@15-main.service", "postgresql@15-main.service"},
		{"/games.slice/games-eu.slice/leaky.service", OWNER_UNIT, "leaky.service",
			"leaky.service"},
		{"/system.slice/run-r0af.scope", OWNER_UNIT, "run-r0af.scope", "run-r0af.scope"},
		/* what a unit makes below itself is its own, whatever the name */
		{"/system.slice/game.service/workers/one", OWNER_UNIT, "game.service",
			"game.service"},
		{"/system.slice/game.service/workers/one.service", OWNER_UNIT,
			"one.service in game.service", "game.service"},
		{"/system.slice/game\\x2dserver.service", OWNER_UNIT, "game-server.service",
			"game\\x2dserver.service"},
		{"/system.slice/var-lib-a\\x20b\\x5cc.mount", OWNER_UNIT, "var-lib-a b\\c.mount",
			"var-lib-a\\x20b\\x5cc.mount"},
		{"/system.slice/a\\x2.service", OWNER_UNIT, "a\\x2.service", "a\\x2.service"},
		{"/system.slice/a\\x00.service", OWNER_UNIT, "a\\x00.service", "a\\x00.service"},
		{"/system.slice/_cgroup.service", OWNER_UNIT, "cgroup.service", "cgroup.service"},
		{"/system.slice/dbus-:1.2-org.x@0.service", OWNER_UNIT, "dbus-:1.2-org.x@0.service",
			"dbus-:1.2-org.x@0.service"},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_owner_user_units(void **state)
{
	static const struct row rows[] = {
		{USER, OWNER_UNIT, "user@1000.service", "user@1000.service"},
		{USER "/init.scope", OWNER_USER_UNIT, "init.scope of user 1000", "init.scope"},
		{USER "/app.slice", OWNER_USER_UNIT, "app.slice of user 1000", "app.slice"},
		{USER "/app.slice/foo.service", OWNER_USER_UNIT, "foo.service of user 1000",
			"foo.service"},
		{USER "/app.slice/app-org.gnome.Terminal.slice/vte-spawn-0a1b.scope",
			OWNER_USER_UNIT, "vte-spawn-0a1b.scope of user 1000",
			"vte-spawn-0a1b.scope"},
		{USER "/app.slice/app-gnome-org.x\\x2dy-1.scope", OWNER_USER_UNIT,
			"app-gnome-org.x-y-1.scope of user 1000", "app-gnome-org.x\\x2dy-1.scope"},
		{"/user.slice/user-1000.slice/session-3.scope", OWNER_USER_UNIT,
			"session-3.scope of user 1000", "session-3.scope"},
		{"/user.slice/user-1000.slice/user-runtime-dir@1000.service", OWNER_UNIT,
			"user-runtime-dir@1000.service", "user-runtime-dir@1000.service"},
		{"/system.slice/user@anna.service/foo.service", OWNER_UNIT,
			"foo.service in user@anna.service", "user@anna.service"},
		{"/system.slice/session-3.scope", OWNER_UNIT, "session-3.scope", "session-3.scope"},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_owner_docker_and_podman(void **state)
{
	static const struct row rows[] = {
		{"/system.slice/docker-" ID ".scope", OWNER_DOCKER, "docker 0123456789ab",
			"docker-" ID ".scope"},
		{"/docker/" ID, OWNER_DOCKER, "docker 0123456789ab", ""},
		{"/docker/" ID "/init", OWNER_DOCKER, "docker 0123456789ab", ""},
		{USER "/user.slice/docker-" ID ".scope", OWNER_DOCKER,
			"docker 0123456789ab of user 1000", "docker-" ID ".scope"},
		{"/system.slice/docker-" ID ".scope/system.slice/sshd.service", OWNER_DOCKER,
			"sshd.service in docker 0123456789ab", "sshd.service"},
		{"/docker/" ID "/docker/" OTHER, OWNER_DOCKER,
			"docker fedcba987654 in docker 0123456789ab", ""},
		{"/system.slice/docker.service", OWNER_UNIT, "docker.service", "docker.service"},
		{"/system.slice/docker-0123456789ab.scope", OWNER_UNIT, "docker-0123456789ab.scope",
			"docker-0123456789ab.scope"},
		{"/ecs/task/" ID, OWNER_CONTAINER, "container 0123456789ab", ""},

		{"/machine.slice/libpod-" ID ".scope", OWNER_PODMAN, "podman 0123456789ab",
			"libpod-" ID ".scope"},
		{"/machine.slice/libpod-" ID ".scope/container", OWNER_PODMAN,
			"podman 0123456789ab", "libpod-" ID ".scope"},
		{USER "/user.slice/libpod-" ID ".scope/container", OWNER_PODMAN,
			"podman 0123456789ab of user 1000", "libpod-" ID ".scope"},
		{"/machine.slice/libpod-" ID ".scope/container/system.slice/httpd.service",
			OWNER_PODMAN, "httpd.service in podman 0123456789ab", "httpd.service"},
		{"/libpod_parent/libpod-" ID, OWNER_PODMAN, "podman 0123456789ab", ""},
		{"/system.slice/web.service/libpod-payload-" ID, OWNER_PODMAN,
			"podman 0123456789ab in web.service", "web.service"},
		{"/machine.slice/libpod-conmon-" ID ".scope", OWNER_UNIT,
			"libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope"},
		{"/libpod_parent/libpod-conmon-" ID, OWNER_PATH, "/libpod_parent/libpod-conmon-" ID,
			""},
		{"/machine.slice/machine-libpod_pod_" OTHER ".slice", OWNER_PODMAN,
			"podman pod fedcba987654", "machine-libpod_pod_" OTHER ".slice"},
		{"/machine.slice/machine-libpod_pod_" OTHER ".slice/libpod-" ID ".scope",
			OWNER_PODMAN, "podman 0123456789ab", "libpod-" ID ".scope"},
		{USER "/user.slice/user-libpod_pod_" OTHER ".slice/libpod-" ID ".scope",
			OWNER_PODMAN, "podman 0123456789ab of user 1000", "libpod-" ID ".scope"},
		{"/libpod_parent/libpod_pod_" OTHER "/libpod-" ID, OWNER_PODMAN,
			"podman 0123456789ab", ""},
		{"/system.slice/nerdctl-" ID ".scope", OWNER_CONTAINERD, "nerdctl 0123456789ab",
			"nerdctl-" ID ".scope"},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_owner_kubernetes(void **state)
{
	static const struct row rows[] = {
		{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
		 ".slice/cri-containerd-" ID ".scope",
			OWNER_KUBERNETES, "pod " UID " container 0123456789ab",
			"cri-containerd-" ID ".scope"},
		{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope", OWNER_KUBERNETES,
			"pod " UID " container 0123456789ab", "crio-" ID ".scope"},
		{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" STATIC
		 ".slice/docker-" ID ".scope",
			OWNER_KUBERNETES, "pod " STATIC " container 0123456789ab",
			"docker-" ID ".scope"},
		{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope/container",
			OWNER_KUBERNETES, "pod " UID " container 0123456789ab",
			"crio-" ID ".scope"},
		{"/kubepods/burstable/pod" UID "/" ID, OWNER_KUBERNETES,
			"pod " UID " container 0123456789ab", ""},
		{"/kubepods/pod" UID "/crio-" ID, OWNER_KUBERNETES,
			"pod " UID " container 0123456789ab", ""},
		{"/kubepods/besteffort/pod" UID, OWNER_KUBERNETES, "pod " UID, ""},
		{"/kubepods.slice/kubepods-pod" UID_ ".slice", OWNER_KUBERNETES, "pod " UID,
			"kubepods-pod" UID_ ".slice"},
		{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope",
			OWNER_KUBERNETES, "crio-conmon-0123456789ab012... in pod " UID,
			"crio-conmon-" ID ".scope"},
		{"/kubepods.slice/kubepods-burstable.slice", OWNER_UNIT, "kubepods-burstable.slice",
			"kubepods-burstable.slice"},
		/* kubelet says systemd, containerd thinks cgroupfs */
		{"/system.slice/containerd.service/kubepods-burstable-pod" UID_
		 ".slice:cri-containerd:" ID,
			OWNER_KUBERNETES,
			"pod " UID " container 0123456789ab in containerd.service",
			"containerd.service"},
		{"/kubepods-pod" UID_ ".slice:cri-containerd:" ID, OWNER_KUBERNETES,
			"pod " UID " container 0123456789ab", "kubepods-pod" UID_ ".slice"},
		/* kind: nodes are Docker containers */
		{"/docker/" OTHER "/kubelet/kubepods/burstable/pod" UID "/" ID, OWNER_DOCKER,
			"pod " UID " container 0123456789ab in docker fedcba987654", ""},
		{"/system.slice/docker-" OTHER ".scope/kubelet.slice/kubelet-kubepods.slice/"
		 "kubelet-kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope",
			OWNER_DOCKER, "pod " UID " container 0123456789ab in docker fedcba987654",
			"cri-containerd-" ID ".scope"},
		{"/system.slice/kubelet.service", OWNER_UNIT, "kubelet.service", "kubelet.service"},
		/* no pod without kubepods above, and none without a uid */
		{"/x/pod" UID "/y", OWNER_PATH, "/x/pod" UID "/y", ""},
		{"/kubepods/podium", OWNER_PATH, "/kubepods/podium", ""},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_owner_lxc_and_machines(void **state)
{
	static const struct row rows[] = {
		{"/lxc.payload.web", OWNER_LXC, "lxc web", ""},
		{"/lxc.payload.web/system.slice/nginx.service", OWNER_LXC,
			"nginx.service in lxc web", "nginx.service"},
		{"/lxc.payload.web/user.slice/user-0.slice/user@0.service/app.slice/x.service",
			OWNER_LXC, "x.service of user 0 in lxc web", "x.service"},
		{"/lxc.payload.user-1000_web", OWNER_LXC, "lxc user-1000_web", ""},
		{"/lxc.payload/web/init.scope", OWNER_LXC, "init.scope in lxc web", "init.scope"},
		{"/lxc/web", OWNER_LXC, "lxc web", ""},
		{"/lxc/101/ns/system.slice/postfix.service", OWNER_LXC,
			"postfix.service in lxc 101", "postfix.service"},
		{"/lxc.monitor.web", OWNER_PATH, "/lxc.monitor.web", ""},
		{"/system.slice/lxc.service", OWNER_UNIT, "lxc.service", "lxc.service"},
		{USER "/user.slice/lxc-web.scope/lxc.payload.web/system.slice/a.service", OWNER_LXC,
			"a.service in lxc web in lxc-web.scope of user 1000", "a.service"},
		{"/lxc.payload.outer/lxc.payload.inner/system.slice", OWNER_LXC,
			"system.slice in lxc outer", "system.slice"},
		{"/lxc.payload.outer/lxc.payload.inner/ns", OWNER_LXC, "lxc inner in lxc outer",
			""},

		{"/machine.slice/systemd-nspawn@web.service/payload", OWNER_MACHINE, "machine web",
			"systemd-nspawn@web.service"},
		{"/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service",
			OWNER_MACHINE, "nginx.service in machine web", "nginx.service"},
		{"/machine.slice/machine-web\\x2done.scope/payload/init.scope", OWNER_MACHINE,
			"init.scope in machine web-one", "init.scope"},
		{"/machine.slice/machine-qemu\\x2d1\\x2dwin.scope/libvirt/emulator", OWNER_MACHINE,
			"machine qemu-1-win", "machine-qemu\\x2d1\\x2dwin.scope"},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

/* Whoever owns a cgroup gives those below it any name, but does not lose the own one. */
static void test_owner_delegated(void **state)
{
	static const struct row rows[] = {
		{USER "/nginx.service", OWNER_USER_UNIT, "nginx.service of user 1000",
			"nginx.service"},
		{USER "/x/system.slice/nginx.service", OWNER_USER_UNIT,
			"nginx.service of user 1000", "nginx.service"},
		{USER "/user.slice/user-0.slice/user@0.service/nginx.service", OWNER_USER_UNIT,
			"nginx.service in user@0.service of user 1000", "user@0.service"},
		{USER "/user.slice/user-0.slice/session-1.scope", OWNER_USER_UNIT,
			"session-1.scope of user 1000", "session-1.scope"},
		{USER "/docker/" ID, OWNER_DOCKER, "docker 0123456789ab of user 1000",
			"user@1000.service"},
		{USER "/machine.slice/systemd-nspawn@web.service/payload/system.slice/sshd.service",
			OWNER_MACHINE, "sshd.service in machine web of user 1000", "sshd.service"},
		{USER "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope",
			OWNER_KUBERNETES, "pod " UID " container 0123456789ab of user 1000",
			"crio-" ID ".scope"},
		{USER "/app.slice/nginx.service" ESCAPED ".service", OWNER_USER_UNIT,
			"nginx.service" BLANKS "                   ... of user 1000",
			"nginx.service" ESCAPED ".service"},
		{"/user.slice/user-1000.slice/session-3.scope/docker/" ID, OWNER_DOCKER,
			"docker 0123456789ab in session-3.scope of user 1000", "session-3.scope"},
		{"/system.slice/evil.service/nginx.service", OWNER_UNIT,
			"nginx.service in evil.service", "evil.service"},
		{"/system.slice/evil.service/system.slice/nginx.service", OWNER_UNIT,
			"nginx.service in evil.service", "evil.service"},
		{"/system.slice/evil.service/user.slice/user-0.slice/user@0.service/a.service",
			OWNER_UNIT, "a.service in evil.service", "evil.service"},
		{"/system.slice/evil.service/docker-" ID ".scope", OWNER_DOCKER,
			"docker 0123456789ab in evil.service", "evil.service"},
		{"/system.slice/evil.service/machine-web.scope/init.scope", OWNER_MACHINE,
			"init.scope in machine web in evil.service", "init.scope"},
		{"/docker/" ID "/machine.slice/machine-web.scope", OWNER_DOCKER,
			"machine web in docker 0123456789ab", "machine-web.scope"},
		{"/docker/" ID "/kubepods/pod" UID "/" OTHER, OWNER_DOCKER,
			"pod " UID " container fedcba987654 in docker 0123456789ab", ""},
		/* no unit of the system's is below what is no slice */
		{"/given/nginx.service", OWNER_PATH, "/given/nginx.service", ""},
		{"/given/system.slice/nginx.service", OWNER_PATH,
			"/given/system.slice/nginx.service", ""},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_owner_identity(void **state)
{
	static const struct {
		const char *path, *cgroup, *container, *user;
	} rows[] = {
		{"/", "/", "", ""},
		{"/system.slice/game.service/workers/one", "/system.slice/game.service", "", ""},
		{USER "/app.slice/foo.service/x", USER "/app.slice/foo.service", "", "1000"},
		{USER, USER, "", ""},
		{"/system.slice/docker-" ID ".scope/init", "/system.slice/docker-" ID ".scope", ID,
			""},
		{USER "/docker/" ID "/init", USER "/docker/" ID, ID, "1000"},
		{"/docker/" ID "/docker/" OTHER "/x", "/docker/" ID "/docker/" OTHER, ID, ""},
		{"/machine.slice/machine-web\\x2done.scope/payload",
			"/machine.slice/machine-web\\x2done.scope", "web-one", ""},
		{"/kubepods/pod" UID "/x", "/kubepods/pod" UID, "", ""},
		{"/some/path", "/some/path", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct owner o, again;

		owner_from_path(rows[i].path, &o);
		assert_string_equal(o.cgroup, rows[i].cgroup);
		assert_string_equal(o.container, rows[i].container);
		assert_string_equal(o.user, rows[i].user);
		owner_from_path(o.cgroup, &again);
		assert_memory_equal(&again, &o, sizeof(o));
		assert_int_equal(owner_compare(&again, &o), 0);
	}
}

static void test_owner_gone_and_users(void **state)
{
	struct owner o, p;

	(void)state;
	owner_from_path("/system.slice/a.service", &o);
	p = o;
	owner_set_gone(&p);
	assert_string_equal(p.name, "a service that is gone (last a.service)");
	assert_string_equal(p.unit, "a.service");
	assert_int_equal(owner_compare(&o, &p), 0);

	memset(&p, 0, sizeof(p));
	owner_set_gone(&p);
	assert_string_equal(p.name, "a service that is gone");
	assert_int_equal(p.kind, OWNER_GONE);

	owner_from_user("game", &p);
	assert_int_equal(p.kind, OWNER_USER);
	assert_string_equal(p.name, "user game");
	assert_string_equal(p.user, "game");
	owner_from_user("web", &o);
	assert_true(owner_compare(&p, &o) < 0);
	assert_true(owner_compare(&o, &p) > 0);
}

static void test_owner_acceptors(void **state)
{
	static const struct {
		const char *path;
		bool is_acceptor;
	} rows[] = {
		{"/system.slice/mud.socket", true},
		{"/init.scope", true},
		{"/system.slice/xinetd.service", true},
		{"/system.slice/mud.service", false},
		{USER "/init.scope", false},
		{"/lxc.payload.web/init.scope", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct owner o;

		owner_from_path(rows[i].path, &o);
		assert_int_equal(owner_is_acceptor(&o), rows[i].is_acceptor);
	}
}

static void test_owner_hostile_paths(void **state)
{
	static const struct row rows[] = {
		{"/just/a/path", OWNER_PATH, "/just/a/path", ""},
		{"//", OWNER_ROOT, "the root cgroup", ""},
		{"no/slash", OWNER_PATH, "no/slash", ""},
		{"/.service/.slice", OWNER_PATH, "/.service/.slice", ""},
		{"/..", OWNER_PATH, "/..", ""},
		{"/_", OWNER_PATH, "/_", ""},
		{"/docker/" ID "0", OWNER_PATH, "/docker/" ID "0", ""},
		{"/docker-.scope", OWNER_UNIT, "docker-.scope", "docker-.scope"},
		{"/lxc.payload.", OWNER_PATH, "/lxc.payload.", ""},
		{"/system.slice/a b.service", OWNER_UNIT, "system.slice", "system.slice"},
		{"/evil\n\033[2J.service", OWNER_PATH, "/evil\n\033[2J.service", ""},
		{"/lxc/a\nb", OWNER_LXC, "lxc a\nb", ""},
		{"/kubepods-pod.slice:::", OWNER_UNIT, "kubepods-pod.slice", "kubepods-pod.slice"},
		{"/\\x2d\\x2d.service", OWNER_UNIT, "--.service", "\\x2d\\x2d.service"},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

/* A path of that many letters, each component so long. */
static void make_path(char *path, size_t size, size_t component, const char *end)
{
	for (size_t i = 0; i < size; i++)
		path[i] = i % component ? 'a' : '/';
	strcpy(path + size, end);
}

static void test_owner_endless_paths(void **state)
{
	static char path[8192];
	struct owner o;

	(void)state;
	/* The longest unit, and one letter more. */
	make_path(path, 248, 1000, ".service");
	owner_from_path(path, &o);
	assert_int_equal(o.kind, OWNER_UNIT);
	assert_string_equal(o.unit, path + 1);
	assert_string_equal(o.name, path + 1);
	make_path(path, 249, 1000, ".service");
	owner_from_path(path, &o);
	assert_int_equal(o.kind, OWNER_PATH);

	/* The start of a path that is too long is kept: its end is whatever its owner wants. */
	make_path(path, 4000, 3, "/system.slice/nginx.service");
	owner_from_path(path, &o);
	assert_int_equal(o.kind, OWNER_PATH);
	assert_int_equal(strlen(o.name), OWNER_CGROUP_MAX - 2); /* whole components */
	assert_memory_equal(o.name, path, strlen(o.name));
	make_path(path, 4000, 3, "/system.slice/nginx.service");
	memcpy(path, USER "/x", strlen(USER "/x"));
	owner_from_path(path, &o);
	assert_string_equal(o.user, "");
	assert_string_equal(o.name, "user@1000.service");

	/* A container's name may be of any length. */
	make_path(path, 255, 8000, "");
	memcpy(path, "/lxc/", strlen("/lxc/"));
	owner_from_path(path, &o);
	assert_int_equal(o.kind, OWNER_LXC);
	assert_int_equal(strlen(o.name), strlen("lxc ") + 250);
	assert_int_equal(strlen(o.container), OWNER_CONTAINER_MAX - 1);
}

static void test_owner_kinds_have_names(void **state)
{
	(void)state;
	for (enum owner_kind a = 0; a < OWNER_KINDS; a++)
		for (enum owner_kind b = 0; b < a; b++)
			assert_string_not_equal(
				name_of(owner_kind_names, a), name_of(owner_kind_names, b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner_systemd),
		cmocka_unit_test(test_owner_user_units),
		cmocka_unit_test(test_owner_docker_and_podman),
		cmocka_unit_test(test_owner_kubernetes),
		cmocka_unit_test(test_owner_lxc_and_machines),
		cmocka_unit_test(test_owner_delegated),
		cmocka_unit_test(test_owner_identity),
		cmocka_unit_test(test_owner_gone_and_users),
		cmocka_unit_test(test_owner_acceptors),
		cmocka_unit_test(test_owner_hostile_paths),
		cmocka_unit_test(test_owner_endless_paths),
		cmocka_unit_test(test_owner_kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
