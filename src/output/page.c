/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/page.h"

#include "basic/macro.h"
#include "output/stream.h"

#include <string.h>

/* More than every port and the sockets of --sockets take. */
#define PAGE_MAX ((size_t)64 << 20)

/* A narrower terminal breaks the lines itself. */
#define WIDTH_MIN 40U

struct page page_new(const struct text_style *style)
{
	return (struct page){
		.out = string_up_to(PAGE_MAX),
		.sentence = string_up_to(PAGE_MAX),
		.style = *style,
	};
}

void page_release(struct page *p)
{
	string_release(&p->out);
	string_release(&p->sentence);
}

int page_print(struct page *p, FILE *out)
{
	int r = p->out.error ? p->out.error : p->sentence.error;

	if (r == 0)
		r = stream_write(out, &p->out);
	page_release(p);
	return r;
}

const char *page_color(const struct page *p, enum severity severity)
{
	static const char *const sequences[] = {
		[SEVERITY_OK] = "\033[1m",
		[SEVERITY_NOTE] = "\033[1m",
		[SEVERITY_WARNING] = "\033[1;33m",
		[SEVERITY_CRITICAL] = "\033[1;31m",
	};

	return p->style.color ? sequences[severity] : "";
}

const char *page_plain(const struct page *p)
{
	return p->style.color ? "\033[0m" : "";
}

void page_heading(struct page *p, const char *text)
{
	string_addf(&p->out, "%s%s%s\n", page_color(p, SEVERITY_OK), text, page_plain(p));
}

void page_text(struct page *p, enum severity severity, const char *label, const char *text)
{
	const size_t width = MAX(p->style.columns, WIDTH_MIN), indent = strlen(label);
	const bool colored = severity != SEVERITY_OK;
	size_t column = indent;

	string_addf(&p->out, "%s%s%s", colored ? page_color(p, severity) : "", label,
		colored ? page_plain(p) : "");
	while (*text) {
		const size_t length = strcspn(text, " ");

		if (column > indent && column + 1 + length > width) {
			string_addf(&p->out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			string_add_char(&p->out, ' ');
			column++;
		}
		string_add_bytes(&p->out, text, length);
		column += length;
		text += length;
		text += strspn(text, " ");
	}
	string_add_char(&p->out, '\n');
}

void page_paragraph(struct page *p, enum severity severity, const char *label)
{
	if (p->sentence.length)
		page_text(p, severity, label, p->sentence.text);
	string_cut(&p->sentence, 0);
}
