#!/usr/bin/env node
'use strict';
require('./loadBundle.cjs').loadBundle().run();
