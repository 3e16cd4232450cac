// Draws many points with WebGL: one buffer, one call a frame. Falls back to a 2-D canvas.

const kVertex = `
attribute vec2 at; attribute vec3 color; attribute float size;
uniform vec2 move; uniform vec2 zoom; uniform float scale; varying vec3 shade;
void main() { gl_Position = vec4((at + move) * zoom, 0.0, 1.0); gl_PointSize = size * scale; shade = color; }`;
const kFragment = `
precision mediump float; varying vec3 shade;
void main() { vec2 d = gl_PointCoord - 0.5; if (dot(d, d) > 0.25) discard; gl_FragColor = vec4(shade * 0.85, 0.85); }`;

function compile(gl, type, source) {
  const shader = gl.createShader(type);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  return shader;
}

export class Points {
  // at: Float32Array of x, y; color: of r, g, b; size: of pixels.
  constructor(canvas, at, color, size) {
    this.canvas = canvas;
    this.at = at;
    this.color = color;
    this.size = size;
    this.gl = canvas.getContext('webgl', { antialias: false, preserveDrawingBuffer: false });
    if (this.gl) this.#start();
    else this.flat = canvas.getContext('2d');
  }

  #start() {
    const { gl } = this;
    const program = gl.createProgram();
    gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, kVertex));
    gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, kFragment));
    gl.linkProgram(program);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);  // colours come multiplied by their alpha
    this.uniforms = Object.fromEntries(['move', 'zoom', 'scale'].map((name) => [name, gl.getUniformLocation(program, name)]));
    for (const [name, data, width] of [['at', this.at, 2], ['color', this.color, 3], ['size', this.size, 1]]) {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
      const place = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, width, gl.FLOAT, false, 0, 0);
      if (name === 'color') this.colorBuffer = buffer;
    }
  }

  recolor(color) {
    this.color = color;
    if (!this.gl) return;
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.colorBuffer);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, color, this.gl.STATIC_DRAW);
  }

  // view: {x, y, scale}: pixels of the canvas = (point + (x, y)) * scale + center.
  draw(view) {
    const { canvas, gl } = this;
    const { width, height } = canvas;
    if (gl) {
      gl.viewport(0, 0, width, height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(this.uniforms.move, view.x, view.y);
      gl.uniform2f(this.uniforms.zoom, (2 * view.scale) / width, (-2 * view.scale) / height);
      gl.uniform1f(this.uniforms.scale, Math.min(4, Math.max(1, Math.sqrt(view.scale / view.fit))) * (window.devicePixelRatio || 1));
      gl.drawArrays(gl.POINTS, 0, this.size.length);
      return;
    }
    const pen = this.flat;
    pen.clearRect(0, 0, width, height);
    for (let i = 0; i < this.size.length; i += 1) {
      const x = (this.at[2 * i] + view.x) * view.scale + width / 2;
      const y = (this.at[2 * i + 1] + view.y) * view.scale + height / 2;
      if (x < 0 || y < 0 || x > width || y > height) continue;
      pen.fillStyle = `rgb(${this.color[3 * i] * 255} ${this.color[3 * i + 1] * 255} ${this.color[3 * i + 2] * 255})`;
      pen.fillRect(x - 1, y - 1, 2, 2);
    }
  }

  // Waits until what was drawn is there.
  finish() {
    this.gl?.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
  }
}
