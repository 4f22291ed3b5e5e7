import { oneByOne, serve, webPort } from 'subspace-fusion/browser-slides';
import { slideTasks } from './tasks.js';

serve(webPort(self), oneByOne(slideTasks()));
