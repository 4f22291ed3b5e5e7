import { engineTasks } from './tasks.js';
import { serve } from './rpc.js';

serve(engineTasks());
