import { serve } from '../engine/rpc.js';
import { slideTasks } from './tasks.js';

serve(slideTasks());
