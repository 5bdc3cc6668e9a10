# SPDX-License-Identifier: GPL-2.0-or-later

# TCPSTATED_TRY_FLAGS(FLAGS, IF-ACCEPTED, [IF-NOT])
# Compiles and links an empty program with FLAGS; an unknown warning is an error here, also for clang.
AC_DEFUN([TCPSTATED_TRY_FLAGS], [
  AC_MSG_CHECKING([whether $CC accepts $1])
  tcpstated_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror $1"
  AC_LINK_IFELSE([AC_LANG_PROGRAM()], [tcpstated_accepted=yes], [tcpstated_accepted=no])
  CFLAGS=$tcpstated_save_CFLAGS
  AC_MSG_RESULT([$tcpstated_accepted])
  AS_IF([test $tcpstated_accepted = yes], [$2], [$3])])

# TCPSTATED_ADD_CFLAGS(VARIABLE, FLAGS): appends those of FLAGS that the compiler accepts.
AC_DEFUN([TCPSTATED_ADD_CFLAGS], [
  for tcpstated_flag in m4_normalize([$2]); do
    TCPSTATED_TRY_FLAGS([$tcpstated_flag], [$1="$$1 $tcpstated_flag"])
  done])

# TCPSTATED_NEED_CFLAGS(VARIABLE, FLAGS): appends FLAGS, which belong together, or stops.
AC_DEFUN([TCPSTATED_NEED_CFLAGS], [
  TCPSTATED_TRY_FLAGS([$2], [$1="$$1 $2"],
    [AC_MSG_ERROR([$CC does not accept $2; choose another compiler with CC=...])])])

# TCPSTATED_ADD_LDFLAGS(VARIABLE, FLAGS): appends those of FLAGS that the linker accepts.
AC_DEFUN([TCPSTATED_ADD_LDFLAGS], [
  for tcpstated_flag in m4_normalize([$2]); do
    TCPSTATED_TRY_FLAGS([$tcpstated_flag], [$1="$$1 $tcpstated_flag"])
  done])

# TCPSTATED_YEAR2038(VARIABLE): appends what makes time_t 64 bits where it has 32, as AC_SYS_YEAR2038 of autoconf 2.72 does. It
# is a flag, since every file must see it before the first header.
AC_DEFUN([TCPSTATED_YEAR2038], [
  AC_CACHE_CHECK([what makes time_t 64 bits], [tcpstated_cv_time_bits], [
    tcpstated_cv_time_bits=unknown
    tcpstated_save_CPPFLAGS=$CPPFLAGS
    for tcpstated_flag in "" "-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64"; do
      CPPFLAGS="$tcpstated_save_CPPFLAGS $tcpstated_flag"
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <time.h>]], [[static int is_64_bits@<:@sizeof(time_t) >= 8 ? 1 : -1@:>@ = {0};
        return is_64_bits@<:@0@:>@;]])], [tcpstated_cv_time_bits=${tcpstated_flag:-nothing}; break])
    done
    CPPFLAGS=$tcpstated_save_CPPFLAGS])
  AS_CASE([$tcpstated_cv_time_bits],
    [nothing], [],
    [unknown], [AC_MSG_WARN([times end in the year 2038 here])],
    [$1="$$1 $tcpstated_cv_time_bits"])])
