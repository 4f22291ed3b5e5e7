import { oneByOne, serve, webPort } from 'subspace-fusion/browser';
import { engineTasks } from './tasks.js';

serve(webPort(self), oneByOne(engineTasks()));
