import './style.css';
import { startApp } from './app.js';

void startApp();
