#ifndef OFFING_IO_REPORT_PAGE_PARTS_H
#define OFFING_IO_REPORT_PAGE_PARTS_H

/** The texts of page.css and page.js. */
extern const char page_style[], page_script[];

#endif
