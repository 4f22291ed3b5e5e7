import '../platform/globals.js';
import { engineTasks } from './tasks.js';
import { serve } from './rpc.js';

serve(engineTasks());
